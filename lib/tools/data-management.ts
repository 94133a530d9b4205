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
import { pagingArguments, readCursor, writeCursor } from './paging.ts';
import {
  answering,
  callerOf,
  listResult,
  listSchema,
  readOnly,
  type ToolContext,
  type ToolHolder,
} from './tool.ts';

/** Construction Cloud shows account and project ids without the `b.` that the API wants before them. */
const constructionId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const prefixed = (id: string) => (constructionId.test(id) ? `b.${id}` : id);

const identifier = (what: string) => z.string().trim().min(1).describe(what);
const hubId = identifier(
  'The id of the hub, as list_hubs gives it. The id of a Construction Cloud account will do.',
).transform(prefixed);
const projectId = identifier('The id of the project, as list_projects gives it.').transform(prefixed);

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
  size: z.number().optional().describe('Bytes, of the newest version.'),
  version_number: z.number().optional().describe('Of the newest version.'),
  ...change,
});
const versionSchema = z.object({
  id: z.string(),
  version_number: z.number(),
  name: z.string(),
  file_type: z.string().optional(),
  size: z.number().optional().describe('Bytes.'),
  created: z.string().optional().describe('ISO 8601.'),
  created_by: z.string().optional(),
  ...change,
});

/** What a warning in the hubs answer means: Autodesk's post "Errors when retrieving hubs" tells the cases apart. */
function meaningOf({ status }: HubWarning): string {
  switch (status) {
    case '401':
      return 'In this region the application is approved, but this user or service account has no access. That is no error if it has no business there.';
    case '403':
      return 'In this region no account has approved the application. That is no error if no hub is expected from there.';
    default:
      return 'APS could not tell which hubs there are in this region. Try again later if one is missing.';
  }
}

/** Which stretch of a listing to fetch, and how its progress is reported. */
function stretchOf<Position>(context: ToolContext, limit: number, from: Position, what: string) {
  return {
    limit,
    from,
    onItems: (count: number) =>
      void context.reportProgress({ progress: count, message: `${count} ${what} so far` }),
  };
}

/** Adds `list_hubs`, `list_projects`, `list_contents` and `list_versions` to a server. */
export function addDataManagementTools(server: ToolHolder, aps: ApsClient): void {
  server.addTool({
    name: 'list_hubs',
    description: 'List the hubs that may be seen: Construction Cloud accounts, team hubs and personal hubs.',
    annotations: readOnly('List hubs'),
    parameters: z.strictObject({}),
    outputSchema: listSchema(hubSchema).extend({
      warnings: z
        .array(warningSchema)
        .optional()
        .describe('What APS met while it looked in every region. Often no reason to worry: see "meaning".'),
    }),
    execute: answering(async (_args, context) => {
      const { hubs, warnings } = await aps.call(callerOf(context), context.signal, listHubs);
      const explained = warnings.map((warning) => ({ ...warning, meaning: meaningOf(warning) }));
      return listResult(
        hubs.map(({ id, name, region = '' }) => ({ id, name, region })),
        {
          note: noteOnHubs(hubs.length, explained),
          fields: explained.length > 0 ? { warnings: explained } : undefined,
        },
      );
    }),
  });

  server.addTool({
    name: 'list_projects',
    description: 'List the projects in a hub.',
    annotations: readOnly('List projects'),
    parameters: z.strictObject({ hub_id: hubId, ...pagingArguments }),
    outputSchema: listSchema(projectSchema),
    execute: answering(async ({ hub_id, limit, cursor }, context) => {
      const listing = ['projects', hub_id];
      const from = readCursor(cursor, listing, z.int().min(0));
      const { items, after } = await aps.call(callerOf(context), context.signal, (session) =>
        listProjects(session, hub_id, stretchOf(context, limit, from, 'projects')),
      );
      return listResult(items, {
        nextCursor: after === undefined ? undefined : writeCursor(listing, after),
        note:
          items.length === 0 && from === undefined ? 'This hub has no projects that may be seen.' : undefined,
      });
    }),
  });

  server.addTool({
    name: 'list_contents',
    description: 'List what is in a project, or in one of its folders: folders first, then items.',
    annotations: readOnly('List contents'),
    parameters: z.strictObject({
      hub_id: hubId,
      project_id: projectId,
      folder_id: z
        .string()
        .optional()
        .describe('The id of a folder, as this tool gives it. Without it, the highest folders are listed.'),
      ...pagingArguments,
    }),
    outputSchema: listSchema(contentSchema),
    execute: answering(async ({ hub_id, project_id, folder_id, limit, cursor }, context) => {
      const listing = ['contents', hub_id, project_id, folder_id ?? ''];
      const from = readCursor(cursor, listing, z.tuple([z.enum(['folders', 'items']), z.int().min(0)]));
      const stretch = stretchOf(context, limit, from, 'entries');
      const { items, after } = await aps.call(callerOf(context), context.signal, (session) =>
        folder_id
          ? listContents(session, project_id, folder_id, stretch)
          : listTopFolders(session, hub_id, project_id, stretch),
      );
      return listResult(items.map(content), {
        nextCursor: after && writeCursor(listing, after),
        note: items.length === 0 && from === undefined ? noteOnNothing(folder_id) : undefined,
      });
    }),
  });

  server.addTool({
    name: 'list_versions',
    description: 'List the versions of an item, newest first.',
    annotations: readOnly('List versions'),
    parameters: z.strictObject({
      project_id: projectId,
      item_id: identifier('The id of the item, as list_contents gives it.'),
      ...pagingArguments,
    }),
    outputSchema: listSchema(versionSchema),
    execute: answering(async ({ project_id, item_id, limit, cursor }, context) => {
      const listing = ['versions', project_id, item_id];
      const from = readCursor(cursor, listing, z.int().min(0));
      const { items, after } = await aps.call(callerOf(context), context.signal, (session) =>
        listVersions(session, project_id, item_id, stretchOf(context, limit, from, 'versions')),
      );
      return listResult(
        items.map((version) => ({
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
        { nextCursor: after === undefined ? undefined : writeCursor(listing, after) },
      );
    }),
  });
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

function noteOnHubs(
  count: number,
  warnings: readonly { title?: string; meaning: string }[],
): string | undefined {
  if (count > 0 && warnings.length === 0) return undefined;
  return [
    count === 0 && 'No hub may be seen.',
    ...warnings.map(({ title, meaning }) => [title, meaning].filter(Boolean).join(' ')),
    `If a hub is missing: ${approvalAdvice}`,
  ]
    .filter(Boolean)
    .join(' ');
}

function noteOnNothing(folderId: string | undefined): string {
  return folderId
    ? 'This folder is empty.'
    : 'This project has no folders that may be seen: it is empty, or this user or service account has not been given access to them.';
}
