// Hubs that a developer's test adds to the sandbox.
import { z } from 'zod';
import { demoHubs } from './data-management-data.ts';
import { growHub, type Hub, uuid } from './data-management-tree.ts';
import { alreadyThere, checked } from './own-options.ts';
import { demoServiceAccount } from './service-account-store.ts';

/** A list in which names differ: ids are made of them. */
const listOf = <T extends z.ZodType<string | { name: string }>>(entry: T) =>
  z.array(entry).superRefine((list, context) => {
    const names = list.map((each) => (typeof each === 'string' ? each : each.name));
    alreadyThere(
      context,
      names.map((name, index) => ({ key: name, name, path: [index] })),
    );
  });

const name = z.string().min(1);
const accountId = z.string().regex(/^b\.[\w-]+$/, 'must begin with "b.", as in Construction Cloud');

const itemSchema = z.union([
  name,
  z.strictObject({
    name,
    /** How many there are. Default 1. */
    versions: z.int().min(1).max(10_000).optional(),
  }),
]);

/**
 * A folder. A file is its name, or its name and how many versions it has.
 *
 * @example
 * import type { SandboxFolder } from 'aps-mcp/sandbox';
 *
 * export const files: SandboxFolder = { name: 'Project Files', items: ['Pump.dwg', { name: 'Tank.dwg', versions: 3 }] };
 */
export type SandboxFolder = {
  name: string;
  folders?: SandboxFolder[];
  items?: z.input<typeof itemSchema>[];
};
const folderSchema: z.ZodType<SandboxFolder> = z.strictObject({
  name,
  get folders() {
    return listOf(folderSchema).optional();
  },
  items: listOf(itemSchema).optional(),
});

const hubSchema = z.strictObject({
  /** Begins with `b.`. Default: one that is derived from the name, always the same. */
  id: accountId.optional(),
  name,
  /** Default `US`. */
  region: z.enum(['US', 'EMEA', 'AUS', 'CAN', 'DEU', 'IND', 'JPN', 'GBR']).optional(),
  /** The ids of users and service accounts. Default: the `users` of the test, and the service account in `env`. */
  members: z.array(z.string()).optional(),
  projects: listOf(
    z.strictObject({
      /** Begins with `b.`. Default: one that is derived from the names of hub and project, always the same. */
      id: accountId.optional(),
      name,
      /** The top folders. Default: none. */
      folders: listOf(folderSchema).optional(),
    }),
  ),
});

/**
 * A hub of Construction Cloud. The applications of the sandbox are among its custom integrations.
 *
 * @example
 * import type { SandboxHub } from 'aps-mcp/sandbox';
 *
 * export const plant: SandboxHub = {
 *   name: 'Plant builders',
 *   projects: [{ name: 'Plant 4', folders: [{ name: 'Project Files', items: ['Pump.dwg'] }] }],
 * };
 */
export type SandboxHub = z.input<typeof hubSchema>;

/**
 * Makes the hubs. Throws a `TypeError` if one is wrong.
 *
 * @param own - the ids of the users that the test adds
 * @param known - the ids of everybody who can be a member
 */
export function ownHubs(
  given: readonly SandboxHub[],
  own: readonly string[],
  known: readonly string[],
): Hub[] {
  const hubsSchema = listOf(hubSchema).superRefine((hubs, context) => {
    const ids = hubs.flatMap(({ id, projects }, index) => [
      { id, path: [index, 'id'] },
      ...projects.map((project, at) => ({ id: project.id, path: [index, 'projects', at, 'id'] })),
    ]);
    alreadyThere(context, [
      ...Object.values(demoHubs).map((id) => ({ key: id, name: id, path: [] })),
      ...ids.flatMap(({ id, path }) => (id === undefined ? [] : [{ key: id, name: id, path }])),
    ]);
    for (const [index, { members = [] }] of hubs.entries()) {
      for (const [at, member] of members.entries()) {
        if (known.includes(member)) continue;
        const message = `there is no user or service account ${member}. Choose from: ${known.join(', ')}`;
        context.addIssue({ code: 'custom', message, path: [index, 'members', at] });
      }
    }
  });
  return checked('hubs', hubsSchema, given).map(
    ({ name, id = `b.${uuid(name)}`, region = 'US', members = [...own, demoServiceAccount.id], projects }) =>
      growHub({
        id,
        name,
        kind: 'account',
        region,
        members,
        projects: () => projects.map(({ folders = [], ...project }) => ({ ...project, topFolders: folders })),
      }),
  );
}
