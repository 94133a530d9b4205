// The tool get_project, called by an MCP client, on the sandbox.
import { demoHubs, startSandbox } from 'aps-mcp/sandbox';
import { afterAll, expect, test } from 'vitest';
import { connect } from './client.ts';

const sandbox = await startSandbox();
const client = await connect(sandbox);
afterAll(async () => {
  await client.close();
  await sandbox.close();
});

const hub_id = demoHubs.construction;
const getProject = (project_id: string) =>
  client.callTool({ name: 'get_project', arguments: { hub_id, project_id } });

test('get_project returns the name of a project that list_projects lists, and its root folder', async () => {
  const listed = await client.callTool({ name: 'list_projects', arguments: { hub_id, limit: 1 } });
  const { result } = listed.structuredContent as { result: [{ id: string; name: string }] };
  const [project] = result;
  expect(await getProject(project.id)).toMatchObject({
    structuredContent: { ...project, root_folder_id: expect.stringMatching(/^urn:/) },
  });
});

test('get_project says that a project does not exist', async () => {
  expect(await getProject('b.00000000-0000-4000-8000-000000000000')).toMatchObject({ isError: true });
});
