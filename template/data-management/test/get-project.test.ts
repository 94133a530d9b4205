// The tool get_project, called by an MCP client, on the sandbox.
import { startSandbox } from 'aps-mcp/sandbox';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { connect } from './client.ts';

const sandbox = await startSandbox();
const client = await connect(sandbox);
afterAll(async () => {
  await client.close();
  await sandbox.close();
});

/** The first item that a listing tool returns. */
async function firstOf(
  name: string,
  args: Record<string, unknown> = {},
): Promise<{ id: string; name: string }> {
  const { structuredContent } = await client.callTool({ name, arguments: args });
  const { result } = z
    .object({ result: z.tuple([z.object({ id: z.string(), name: z.string() })], z.unknown()) })
    .parse(structuredContent);
  return result[0];
}

const getProject = (hub_id: string, project_id: string) =>
  client.callTool({ name: 'get_project', arguments: { hub_id, project_id } });

test('get_project returns the name of a project and its root folder', async () => {
  const hub = await firstOf('list_hubs');
  const project = await firstOf('list_projects', { hub_id: hub.id });
  expect(await getProject(hub.id, project.id)).toMatchObject({
    structuredContent: { ...project, root_folder_id: expect.stringMatching(/^urn:/) },
  });
});

test('get_project says that a project does not exist', async () => {
  const hub = await firstOf('list_hubs');
  expect(await getProject(hub.id, 'b.00000000-0000-4000-8000-000000000000')).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('no such project') }],
  });
});
