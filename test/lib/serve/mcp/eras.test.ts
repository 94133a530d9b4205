// Whatever a definition offers is served to clients of both protocol eras.
import { type Client, ProtocolError } from '@modelcontextprotocol/client';
import { FastMCP } from 'fastmcp';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createApsClient } from '../../../../lib/aps/client.ts';
import { ApsError } from '../../../../lib/aps/errors.ts';
import type { Caller } from '../../../../lib/caller.ts';
import { addApsTool } from '../../../../lib/tools/tool.ts';
import { connect, modes } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { type Served, serve } from '../../../support/serving.ts';

const keep = closing();

/** A client of APS for tools that do not use it. */
const withoutAps = createApsClient({
  baseUrl: 'http://localhost:1',
  tokens: { get: async () => 'a token', drop: () => {} },
});

/** A definition that has one of everything. */
function everything(): FastMCP<Caller> {
  const server = new FastMCP<Caller>({
    name: 'Everything',
    version: '1.2.3',
    instructions: 'Use it for tests.',
  });
  server.addTool({
    name: 'whoami',
    description: 'Names the caller.',
    execute: async (_args, { session }) => session?.id ?? 'nobody',
  });
  server.addTool({
    name: 'picture',
    description: 'Answers an image and structured content.',
    outputSchema: z.object({ width: z.number() }),
    execute: async () => ({
      content: [{ type: 'image', data: 'aGk=', mimeType: 'image/png' }],
      structuredContent: { width: 1 },
    }),
  });
  const failures: Record<string, () => Error> = {
    crash: () => new TypeError('secret internals of /srv/app'),
    refuse: () => new ApsError('APS said no', { status: 403, advice: 'Ask nicely.' }),
  };
  for (const [name, failure] of Object.entries(failures))
    addApsTool(server, withoutAps, {
      ...{ name, title: name, description: 'Fails.' },
      ...{ parameters: z.strictObject({}), output: z.object({}) },
      execute: async () => {
        throw failure();
      },
    });
  server.addPrompt({
    name: 'greet',
    description: 'Greets somebody.',
    arguments: [{ name: 'who', required: true, enum: ['Ada', 'Alan', 'Grace'] }],
    load: async ({ who }) => `Greet ${who}`,
  });
  server.addResource({
    uri: 'note://one',
    name: 'A note',
    mimeType: 'text/plain',
    load: async () => ({ text: 'noted' }),
  });
  server.addResourceTemplate({
    uriTemplate: 'city://{name}',
    name: 'A city',
    arguments: [
      {
        name: 'name',
        complete: async (value) => ({ values: ['Oslo', 'Osaka'].filter((it) => it.startsWith(value)) }),
      },
    ],
    load: async ({ name }) => ({ text: `The city of ${name}` }),
  });
  return server;
}

let served: Served;
beforeAll(async () => {
  served = keep(await serve(everything()));
});

describe.each(modes)('%s', (_name, mode, era) => {
  let client: Client;
  beforeAll(async () => {
    client = keep(await connect(served.url, mode));
  });

  test('connects, and learns who it is talking to', () => {
    expect(client.getProtocolEra()).toBe(era);
    expect(client.getServerVersion()).toMatchObject({ name: 'Everything', version: '1.2.3' });
    expect(client.getInstructions()).toBe('Use it for tests.');
    expect(Object.keys(client.getServerCapabilities() ?? {}).sort()).toEqual(
      expect.arrayContaining(['completions', 'prompts', 'resources', 'tools']),
    );
  });

  test('lists and calls tools', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['whoami', 'picture', 'crash', 'refuse']);
    expect(await client.callTool({ name: 'whoami' })).toMatchObject({
      content: [{ type: 'text', text: 'local' }],
    });
    expect(await client.callTool({ name: 'picture', arguments: {} })).toMatchObject({
      content: [{ type: 'image', data: 'aGk=', mimeType: 'image/png' }],
      structuredContent: { width: 1 },
    });
  });

  test('makes many calls at once, and each gets its own answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => client.callTool({ name: index % 2 ? 'whoami' : 'picture' })),
    );
    expect(answers.map(({ structuredContent }) => structuredContent !== undefined)).toEqual(
      answers.map((_, index) => index % 2 === 0),
    );
  });

  test('lists and gets prompts', async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts).toMatchObject([{ name: 'greet', arguments: [{ name: 'who', required: true }] }]);
    expect(await client.getPrompt({ name: 'greet', arguments: { who: 'Ada' } })).toMatchObject({
      messages: [{ role: 'user', content: { type: 'text', text: 'Greet Ada' } }],
    });
  });

  test('lists and reads resources, and what a template stands for', async () => {
    expect((await client.listResources()).resources).toMatchObject([
      { uri: 'note://one', mimeType: 'text/plain' },
    ]);
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([
      { uriTemplate: 'city://{name}' },
    ]);
    expect((await client.readResource({ uri: 'note://one' })).contents).toMatchObject([{ text: 'noted' }]);
    expect((await client.readResource({ uri: 'city://Oslo' })).contents).toMatchObject([
      { text: 'The city of Oslo' },
    ]);
  });

  test('gets completions for prompts and for resource templates', async () => {
    const prompt = await client.complete({
      ref: { type: 'ref/prompt', name: 'greet' },
      argument: { name: 'who', value: 'Al' },
    });
    expect(prompt.completion.values).toEqual(['Alan']);
    const city = await client.complete({
      ref: { type: 'ref/resource', uri: 'city://{name}' },
      argument: { name: 'name', value: 'Os' },
    });
    expect(city.completion.values).toEqual(['Oslo', 'Osaka']);
  });

  test('hears an error for a prompt or a resource that does not exist', async () => {
    await expect(client.getPrompt({ name: 'nope' })).rejects.toBeInstanceOf(ProtocolError);
    await expect(client.readResource({ uri: 'note://two' })).rejects.toBeInstanceOf(ProtocolError);
  });

  test('hears nothing of a crash but that there was one; the log has the rest', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const answer = await client.callTool({ name: 'crash' });
    const logged = log.mock.calls.flat().join('\n');
    log.mockRestore();
    expect(answer).toEqual(
      expect.objectContaining({
        isError: true,
        content: [{ type: 'text', text: expect.stringMatching(/failed.*log/) }],
      }),
    );
    expect(JSON.stringify(answer)).not.toMatch(/secret internals|TypeError|\.ts/);
    expect(logged).toContain('TypeError: secret internals of /srv/app\n    at ');
  });

  test('hears the words of an APS error, with status and advice', async () => {
    expect(await client.callTool({ name: 'refuse' })).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'APS said no (HTTP 403). Ask nicely.' }],
    });
  });
});
