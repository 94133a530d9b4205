// What a server says that it can do: what its definition has, and empty lists of prompts and resources.
import { FastMCP } from 'fastmcp';
import { expect, test } from 'vitest';
import type { Caller } from '../../../../lib/caller.ts';
import { connect, modes } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { serve } from '../../../support/serving.ts';

const keep = closing();

const parts = {
  tool: (server: FastMCP<Caller>) =>
    server.addTool({ name: 'echo', description: 'Answers.', execute: async () => 'here' }),
  prompt: (server: FastMCP<Caller>) => server.addPrompt({ name: 'greet', load: async () => 'Greet' }),
  resource: (server: FastMCP<Caller>) =>
    server.addResource({ uri: 'note://one', name: 'A note', load: async () => ({ text: 'noted' }) }),
  template: (server: FastMCP<Caller>) =>
    server.addResourceTemplate({
      uriTemplate: 'city://{name}',
      name: 'A city',
      arguments: [{ name: 'name' }],
      load: async () => ({ text: 'A city' }),
    }),
};

const cases: [has: (keyof typeof parts)[], offers: string[]][] = [
  [['tool'], ['prompts', 'resources', 'tools']],
  [
    ['tool', 'prompt'],
    ['completions', 'prompts', 'resources', 'tools'],
  ],
  [
    ['tool', 'resource'],
    ['completions', 'prompts', 'resources', 'tools'],
  ],
  [
    ['tool', 'template'],
    ['completions', 'prompts', 'resources', 'tools'],
  ],
  [['prompt'], ['completions', 'prompts', 'resources']],
];

test.each(modes.flatMap(([name, mode]) => cases.map(([has, offers]) => [name, has, offers, mode] as const)))(
  '%s hears of a definition with a %j that it has %j',
  async (_name, has, offers, mode) => {
    const server = new FastMCP<Caller>({ name: 'Parts', version: '1.0.0' });
    for (const part of has) parts[part](server);
    const client = keep(await connect(keep(await serve(server)).url, mode));
    expect(Object.keys(client.getServerCapabilities() ?? {}).sort()).toEqual(offers);
  },
);

test.each(modes)('%s that asks for completion anyway is told that there is none', async (_name, mode) => {
  const server = new FastMCP<Caller>({ name: 'Parts', version: '1.0.0' });
  parts.tool(server);
  const client = keep(await connect(keep(await serve(server)).url, mode));
  const ref = { type: 'ref/prompt', name: 'none' } as const;
  await expect(client.complete({ ref, argument: { name: 'who', value: 'A' } })).rejects.toThrow(
    'Method not found',
  );
});
