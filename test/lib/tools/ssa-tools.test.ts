// What the SSA server and its tools say of themselves, and whether they keep to it.
import type { Client } from '@modelcontextprotocol/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect, eras } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { construction, explorerOf } from '../../support/places.ts';
import { serveSsa } from '../../support/service-accounts.ts';
import { type Args, callListing, listingsOf } from '../../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startCleanSandbox());
const { url } = keep(await serveSsa(sandbox));
const client = keep(await connect(url, 'legacy'));
const { project, folder, item } = explorerOf(client);

describe('the server', () => {
  test('is called APS SSA Demo, and tells a model what it is for and where to start', () => {
    expect(client.getServerVersion()).toMatchObject({ name: 'APS SSA Demo' });
    expect(client.getInstructions()).toMatch(/service account.*list_hubs/s);
  });

  test('has the two tools of the sample, with its arguments, and two more', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name, inputSchema }) => [name, inputSchema.required ?? []])).toEqual([
      ['list_hubs', []],
      ['list_projects', ['hub_id']],
      ['list_contents', ['hub_id', 'project_id']],
      ['list_versions', ['project_id', 'item_id']],
    ]);
  });

  test.each([
    ['list_hubs', ['id', 'name', 'region']],
    ['list_projects', ['id', 'name']],
    ['list_contents', ['id', 'type', 'name']],
    ['list_versions', ['id', 'version_number', 'name']],
  ])('says of %s that it only reads, and returns %j', async (name, fields) => {
    const tool = (await client.listTools()).tools.find((each) => each.name === name);
    expect(tool?.description).toMatch(/^List .+\.$/);
    expect(tool?.annotations).toMatchObject({
      title: expect.stringMatching(/^List \w+$/),
      readOnlyHint: true,
    });
    const described = z.record(z.string(), z.object({ description: z.string().min(10) }));
    expect(described.safeParse(tool?.inputSchema.properties).error).toBeUndefined();
    expect(tool?.outputSchema).toMatchObject({
      type: 'object',
      required: ['result'],
      properties: { result: { type: 'array', items: { required: fields } } },
    });
  });
});

describe.each(eras)('%s', (_name, mode) => {
  let visitor: Client;
  beforeAll(async () => {
    visitor = keep(await connect(url, mode));
    // From now on the client checks every result against the tool's output schema, and throws.
    await visitor.listTools();
  });

  test('gets results that fit the output schemas', async () => {
    const args = await folder('02 Models');
    const calls: [tool: string, args: Args, items: number][] = [
      ['list_hubs', {}, 2],
      ['list_projects', construction, 1000],
      ['list_contents', await project(), 2],
      ['list_contents', await folder(), 7],
      ['list_contents', await folder('06 Empty'), 0],
      ['list_versions', await item('Coordination.rvt'), 450],
    ];
    for (const [tool, given, items] of calls) {
      const answer = await callListing(visitor, tool, given);
      expect([tool, answer.isError, answer.items.length]).toEqual([tool, false, items]);
    }
    expect((await callListing(visitor, 'list_contents', { ...args, folder_id: 'urn:x' })).isError).toBe(true);
  });

  test('gets progress that only grows', async () => {
    const heard = async (name: string, args: Args) => {
      const counts: number[] = [];
      await visitor.callTool(
        { name, arguments: args },
        { onprogress: ({ progress }) => counts.push(progress) },
      );
      return counts;
    };
    expect(await heard('list_projects', { ...construction, limit: 10_000 })).toEqual([200, 600, 1203]);
    expect(await heard('list_contents', await folder('03 Site photos'))).toEqual([200, 450]);
    expect(await heard('list_contents', await folder())).toEqual([6, 7]);
  });

  test.each([
    ['list_hubs', { region: 'US' }, 'region', /[Uu]nrecognized/],
    ['list_projects', {}, 'hub_id', /string|required/i],
    ['list_projects', { hub_id: ' ' }, 'hub_id', /1 char/],
    ['list_projects', { ...construction, limit: 0 }, 'limit', />=? ?1/],
    ['list_projects', { ...construction, limit: 10_001 }, 'limit', /<=? ?10,?000/],
    ['list_projects', { ...construction, project_id: 'x' }, 'project_id', /[Uu]nrecognized/],
    ['list_contents', construction, 'project_id', /string|required/i],
    ['list_contents', { ...construction, project_id: 7 }, 'project_id', /string/],
    ['list_contents', { ...construction, project_id: 'b.x', folder_id: 7 }, 'folder_id', /string/],
    ['list_versions', { project_id: 'b.x' }, 'item_id', /string|required/i],
    ['list_versions', { project_id: 'b.x', item_id: '' }, 'item_id', /1 char/],
  ])('is told what %s does not take of %j', async (tool, args, argument, rule) => {
    const message = await listingsOf(visitor).refusal(tool, args);
    expect(message).toContain(argument);
    expect(message).toMatch(rule);
    expect(sandbox.requests).toEqual([]);
  });
});
