// Null for an optional argument, which some clients send in place of leaving it out.
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { FastMCP } from 'fastmcp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { Caller } from '../../../lib/caller.ts';
import { withoutNulls } from '../../../lib/tools/nulls.ts';
import { connectOver } from '../../support/clients.ts';

const schema = z.strictObject({
  key: z.string(),
  region: z.enum(['US', 'EMEA']).optional(),
  limit: z.int().default(100),
  tag: z.string().nullable().optional(),
  filter: z.strictObject({ kind: z.string().optional(), since: z.string() }).optional(),
  batch: z.array(z.strictObject({ key: z.string(), note: z.string().optional() })).optional(),
});
const read = (args: unknown) => withoutNulls(schema).safeParseAsync(args);

describe('null', () => {
  test('counts as left out where that is allowed, at any depth', async () => {
    const { data, error } = await read({
      ...{ key: 'a', region: null, limit: null },
      filter: { kind: null, since: 'today' },
      batch: [
        { key: 'b', note: null },
        { key: 'c', note: 'kept' },
      ],
    });
    expect(error).toBeUndefined();
    expect(data).toEqual({
      ...{ key: 'a', limit: 100, filter: { since: 'today' } },
      batch: [{ key: 'b' }, { key: 'c', note: 'kept' }],
    });
  });

  test('stays where the schema allows it', async () => {
    expect((await read({ key: 'a', tag: null })).data).toEqual({ key: 'a', limit: 100, tag: null });
  });

  test.each<[where: string, args: unknown, path: (string | number)[]]>([
    ['for a required argument', { key: null }, ['key']],
    ['for one that is required inside another', { key: 'a', filter: { since: null } }, ['filter', 'since']],
    ['in a list', { key: 'a', batch: [null] }, ['batch', 0]],
    ['under an unknown name', { key: 'a', regoin: null }, []],
    ['for all of them', null, []],
  ])('is refused %s', async (_where, args, path) => {
    const { error } = await read(args);
    expect(error?.issues.map((issue) => issue.path)).toEqual([path]);
  });

  test('changes nothing for a schema with asynchronous checks', async () => {
    const checked = z.strictObject({
      name: z.string().refine(async (name) => name !== 'taken'),
      note: z.string().optional(),
    });
    const outcome = async (name: string) =>
      (await withoutNulls(checked).safeParseAsync({ name, note: null })).success;
    expect([await outcome('free'), await outcome('taken')]).toEqual([true, false]);
  });
});

/** The input schema that clients get for `parameters`. */
async function published(parameters: Parameters<FastMCP<Caller>['addTool']>[0]['parameters']) {
  const server = new FastMCP<Caller>({ name: 'Test', version: '1.0.0' });
  server.addTool({ name: 'tool', parameters, execute: async () => '' });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const session = server.connect(theirs, { id: 'somebody' });
  const client = await connectOver(ours, 'legacy');
  onTestFinished(async () => {
    await client.close();
    await (await session).close();
  });
  const { tools } = await client.listTools();
  return tools[0]?.inputSchema;
}

test('the input schema that clients get is the same', async () => {
  expect(await published(withoutNulls(schema))).toEqual(await published(schema));
  expect(JSON.stringify(await published(withoutNulls(schema)))).toContain('"required":["key"]');
});
