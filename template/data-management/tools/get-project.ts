/** The tool get_project: one request to APS. Change it into the tool that you need. */
import { type ApsClient, addApsTool, type Caller } from 'aps-mcp';
import type { FastMCP } from 'fastmcp';
import { z } from 'zod';

/** The fields to keep of the answer of APS. */
const projectDocument = z.object({
  data: z.object({
    id: z.string(),
    attributes: z.object({ name: z.string() }),
    relationships: z.object({ rootFolder: z.object({ data: z.object({ id: z.string() }) }) }),
  }),
});

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/hubs-hub_id-projects-project_id-GET/ */
export function addGetProject(server: FastMCP<Caller>, aps: ApsClient): void {
  addApsTool(server, aps, {
    name: 'get_project',
    title: 'Get project',
    description: 'Get the name of a project, and the id of the folder that contains everything in it.',
    parameters: z.strictObject({
      hub_id: z.string().min(1).describe('The id of the hub, from list_hubs.'),
      project_id: z.string().min(1).describe('The id of the project, from list_projects.'),
    }),
    output: z.object({ id: z.string(), name: z.string(), root_folder_id: z.string() }),
    async execute({ hub_id, project_id }, { session }) {
      const url = session.url(['project', 'v1', 'hubs', hub_id, 'projects', project_id]);
      const { data } = await session.get(url, projectDocument);
      return {
        id: data.id,
        name: data.attributes.name,
        root_folder_id: data.relationships.rootFolder.data.id,
      };
    },
  });
}
