// What a client that was written against the Python sample relies on, and what tools say of themselves.
import type { Client } from '@modelcontextprotocol/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { definition } from '../../../servers/2lo.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { startSandbox } from '../../support/sandbox.ts';
import { builtFrom, serve } from '../../support/serving.ts';
import { callListing } from '../../support/tool-results.ts';

const keep = closing();
let client: Client;
beforeAll(async () => {
  const sandbox = keep(await startSandbox());
  const { url } = keep(await serve(builtFrom(definition, sandbox.env)));
  client = keep(await connect(url, 'legacy'));
});

test('the server is called APS 2LO Demo, and tells a model what it is for', () => {
  expect(client.getServerVersion()).toMatchObject({ name: 'APS 2LO Demo' });
  expect(client.getInstructions()).toContain('2-legged');
});

test('there are the two tools of the sample, with its arguments and no other that is required', async () => {
  const { tools } = await client.listTools();
  expect(tools.map(({ name, inputSchema }) => [name, inputSchema.required ?? []])).toEqual([
    ['list_buckets', []],
    ['list_objects', ['bucket_key']],
  ]);
});

test('a tool says that it only reads, how it is called in a menu, and what it returns', async () => {
  const { tools } = await client.listTools();
  const fields = {
    list_buckets: ['bucket_key', 'created_date', 'policy_key'],
    list_objects: ['object_key', 'object_id', 'size'],
  };
  expect(tools).toHaveLength(2);
  for (const { name, description, annotations, inputSchema, outputSchema } of tools) {
    expect(description).toMatch(/^List the .+\.$/);
    expect(annotations).toMatchObject({ title: expect.stringMatching(/^List \w+$/), readOnlyHint: true });
    expect(Object.values(inputSchema.properties ?? {})).toSatisfy((properties: { description?: string }[]) =>
      properties.every((property) => property.description),
    );
    expect(outputSchema).toMatchObject({
      type: 'object',
      required: ['result'],
      properties: {
        result: {
          type: 'array',
          items: {
            required: expect.arrayContaining(fields[name === 'list_buckets' ? name : 'list_objects']),
          },
        },
      },
    });
  }
});

describe('list_buckets without arguments', () => {
  test('returns the US buckets, all of them, with the fields of the sample', async () => {
    const { items, isError, nextCursor } = await callListing(client, 'list_buckets');
    expect(isError).toBe(false);
    expect(items).toHaveLength(23);
    expect(items[0]).toEqual({
      bucket_key: 'airport-terminal-2-drawings',
      created_date: 1673253000000,
      policy_key: 'persistent',
      region: 'US',
    });
    expect(nextCursor).toBeUndefined();
  });

  test('has one text block, which is the list as JSON', async () => {
    const { items, texts } = await callListing(client, 'list_buckets');
    expect(texts).toHaveLength(1);
    expect(JSON.parse(texts[0] ?? '')).toEqual(items);
  });

  test('may be called without the member "arguments" at all', async () => {
    expect(await client.callTool({ name: 'list_buckets' })).toMatchObject({
      structuredContent: { result: expect.any(Array) },
    });
  });
});

describe('list_objects', () => {
  test('returns the objects of a bucket with the fields of the sample', async () => {
    const { items, texts } = await callListing(client, 'list_objects', {
      bucket_key: 'stadium-roof-structure',
    });
    expect(items.map(({ object_key }) => object_key)).toEqual([
      'Cable net.dwg',
      'Roof.rvt',
      'Wind tunnel report.pdf',
    ]);
    expect(items[0]).toEqual({
      object_key: 'Cable net.dwg',
      object_id: 'urn:adsk.objects:os.object:stadium-roof-structure/Cable%20net.dwg',
      size: expect.any(Number),
    });
    expect(texts).toEqual([JSON.stringify(items)]);
  });

  test('of an empty bucket is the empty list', async () => {
    const { structuredContent, texts } = await callListing(client, 'list_objects', {
      bucket_key: 'sandbox-empty',
    });
    expect(structuredContent).toEqual({ result: [] });
    expect(texts).toEqual(['[]']);
  });

  test('keeps every character of an odd key', async () => {
    const { items } = await callListing(client, 'list_objects', { bucket_key: 'sandbox-odd-names' });
    const keys = items.map(({ object_key }) => object_key);
    expect(keys).toHaveLength(23);
    for (const key of [
      ' leading space.txt',
      '50%25 looks encoded.txt',
      'a+b=c & d;e.csv',
      'plans/level 01/A-101.dwg',
      '🏗️ crane position.jpg',
      'caf\u00e9.txt',
      'cafe\u0301.txt',
    ])
      expect(keys).toContain(key);
  });

  test.each([
    ['there-is-none', ['HTTP 404', 'identifiers']],
    ['sandbox-other-application', ['HTTP 403', 'another application']],
  ])('of a bucket that it may not see (%s) says why, and what to do', async (bucket_key, parts) => {
    const { isError, texts, structuredContent } = await callListing(client, 'list_objects', { bucket_key });
    expect(isError).toBe(true);
    expect(structuredContent).toBeUndefined();
    for (const part of [...parts, 'request ']) expect(texts[0]).toContain(part);
    expect(texts[0]).not.toMatch(/\n|\.ts:| at /);
  });
});
