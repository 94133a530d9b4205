/** Tools for the Data Management API. They need a token that acts for a user or a service account, with `data:read`. */
import { z } from 'zod';
import type { ApsClient } from '../aps/client.ts';
import {
  type Content,
  type HubWarning,
  listContents,
  listHubs,
  listProjects,
  listTopFolders,
  listVersions,
} from '../aps/data-management.ts';
import { approvalAdvice } from '../aps/errors.ts';
import { listOf } from './list-output.ts';
import { addApsTool, type ToolServer } from './tool.ts';

/** Construction Cloud shows account and project ids without the `b.` that the API requires before them. */
const constructionId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const prefixed = (id: string) => (constructionId.test(id) ? `b.${id}` : id);

const identifier = (what: string) => z.string().trim().min(1).describe(what);
const hubId = identifier(
  'The id of the hub, from list_hubs, or the id of a Construction Cloud account.',
).transform(prefixed);
const projectId = identifier('The id of the project, from list_projects.').transform(prefixed);
const itemId = identifier('The id of the item, from list_contents.');

const hubSchema = z.object({ id: z.string(), name: z.string(), region: z.string() });
const projectSchema = z.object({ id: z.string(), name: z.string() });
const warningSchema = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  status: z.string().optional(),
  code: z.string().optional(),
  meaning: z.string(),
});
const change = {
  last_modified: z.string().optional().describe('ISO 8601.'),
  last_modified_by: z.string().optional(),
};
const contentSchema = z.object({
  id: z.string(),
  type: z.enum(['folder', 'item']),
  name: z.string(),
  size: z.int().optional().describe('Bytes, of the newest version.'),
  version_number: z.int().optional().describe('Of the newest version.'),
  ...change,
});
const versionSchema = z.object({
  id: z.string(),
  version_number: z.int(),
  name: z.string(),
  file_type: z.string().optional(),
  size: z.int().optional().describe('Bytes.'),
  created: z.string().optional().describe('ISO 8601.'),
  created_by: z.string().optional(),
  ...change,
});

/** What a warning about hubs means, according to Autodesk's post "Errors when retrieving hubs". */
export function meaningOf({ status }: HubWarning): string {
  switch (status) {
    case '401':
      return 'In this region the application is approved, but this user or service account has no access. Ignore this if you expect no hubs there.';
    case '403':
      return 'In this region no account has approved the application. Ignore this if you expect no hubs there.';
    default:
      return 'APS could not list the hubs of this region. If a hub is missing, try again later.';
  }
}

/**
 * Adds `list_hubs`, `list_projects`, `list_contents` and `list_versions` to a server. They need a token that acts for a user
 * or a service account, with `data:read`.
 *
 * @example
 * import { addDataManagementTools, type ApsClient, type Caller, version } from 'aps-mcp';
 * import { FastMCP } from 'fastmcp';
 *
 * export function serverOf(aps: ApsClient): FastMCP<Caller> {
 *   const server = new FastMCP<Caller>({ name: 'Mine', version });
 *   addDataManagementTools(server, aps);
 *   return server;
 * }
 */
export function addDataManagementTools(server: ToolServer, aps: ApsClient): void {
  addApsTool(server, aps, {
    name: 'list_hubs',
    title: 'List hubs',
    description:
      'List the hubs that you have access to: Construction Cloud accounts, team hubs and personal hubs.',
    parameters: z.strictObject({}),
    output: listOf(hubSchema, {
      warnings: z
        .array(warningSchema)
        .optional()
        .describe('Problems that APS had in a region. Many can be ignored: see "meaning".'),
    }),
    async execute(_args, { session, note }) {
      const { hubs, warnings } = await listHubs(session);
      const result = hubs.map(({ id, name, region = '' }) => ({ id, name, region }));
      const explained = warnings.map((warning) => ({ ...warning, meaning: meaningOf(warning) }));
      if (hubs.length === 0) note('This sign-in has access to no hubs.');
      for (const { title, meaning } of explained) note([title, meaning].filter(Boolean).join(' '));
      if (hubs.length === 0 || explained.length > 0) note(`If a hub is missing: ${approvalAdvice}`);
      return { result, ...(explained.length > 0 && { warnings: explained }) };
    },
  });

  addApsTool(server, aps, {
    name: 'list_projects',
    title: 'List projects',
    description: 'List the projects in a hub.',
    parameters: z.strictObject({ hub_id: hubId }),
    list: { of: projectSchema, noun: 'projects', position: z.int().min(0) },
    async execute({ hub_id }, { session, note }, slice) {
      const found = await listProjects(session, hub_id, slice);
      if (isEmpty(found, slice)) note('This sign-in has access to no projects in this hub.');
      return found;
    },
  });

  addApsTool(server, aps, {
    name: 'list_contents',
    title: 'List contents',
    description: 'List the contents of a project or of one of its folders: folders first, then items.',
    parameters: z.strictObject({
      hub_id: hubId,
      project_id: projectId,
      folder_id: z
        .string()
        // Empty is left out, as in a form with a blank field. Blanks are a mistake, and not the top of the project.
        .regex(/^$|\S/, 'must not be blank')
        .trim()
        .optional()
        .describe('The id of a folder, from this tool. Leave it out to list the top folders of the project.'),
    }),
    list: {
      of: contentSchema,
      noun: 'entries',
      position: z.tuple([z.enum(['folders', 'items']), z.int().min(0)]),
    },
    async execute({ hub_id, project_id, folder_id }, { session, note }, slice) {
      const { items, ...rest } = folder_id
        ? await listContents(session, project_id, folder_id, slice)
        : await listTopFolders(session, hub_id, project_id, slice);
      if (isEmpty({ items, ...rest }, slice))
        note(
          folder_id
            ? 'This folder is empty.'
            : 'This project is empty, or this user or service account has no access to its folders.',
        );
      return { items: items.map(content), ...rest };
    },
  });

  addApsTool(server, aps, {
    name: 'list_versions',
    title: 'List versions',
    description: 'List the versions of an item, newest first.',
    parameters: z.strictObject({
      project_id: projectId,
      item_id: itemId,
    }),
    list: { of: versionSchema, noun: 'versions', position: z.int().min(0) },
    async execute({ project_id, item_id }, { session }, slice) {
      const { items, ...rest } = await listVersions(session, project_id, item_id, slice);
      return {
        items: items.map((version) => ({
          id: version.id,
          version_number: version.versionNumber,
          name: version.name,
          file_type: version.fileType,
          size: version.size,
          created: version.created,
          created_by: version.createdBy,
          last_modified: version.lastModified,
          last_modified_by: version.lastModifiedBy,
        })),
        ...rest,
      };
    },
  });
}

/** Whether a whole listing is empty, and not only the part after its end, or the part that APS gave. */
function isEmpty(
  { items, warnings = [] }: { items: readonly unknown[]; warnings?: readonly string[] },
  { from }: { from: unknown },
): boolean {
  return items.length === 0 && warnings.length === 0 && from === undefined;
}

function content({ id, type, name, size, versionNumber, lastModified, lastModifiedBy }: Content) {
  return {
    id,
    type,
    name,
    size,
    version_number: versionNumber,
    last_modified: lastModified,
    last_modified_by: lastModifiedBy,
  };
}
