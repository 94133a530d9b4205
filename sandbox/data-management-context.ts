// What the routes of the Data Management API share.
import type { Context, Hono } from 'hono';
import type { createResources } from './data-management-resources.ts';
import type { Folder, Item, Project, Version } from './data-management-tree.ts';
import type { Asker } from './hub-access.ts';
import { errorDocument } from './json-api.ts';
import type { SandboxEnv } from './request-log.ts';
import type { Scope } from './scopes.ts';

/** An authenticated request. */
export type Call = { url: URL; asker: Asker; resources: ReturnType<typeof createResources> };

export type DataManagementContext = {
  routes: Hono<SandboxEnv>;
  /** Adds a route below a project that the caller can access. `anyScope` defaults to `data:read`. */
  inProject(
    path: string,
    answer: (c: Context<SandboxEnv>, call: Call, project: Project) => Response | Promise<Response>,
    options?: { method?: 'GET' | 'POST'; anyScope?: readonly Scope[] },
  ): void;
  /** The folder in the path, or a 404. */
  folderOf(c: Context<SandboxEnv>, project: Project): Folder | Response;
  /** The item in the path, or a 404. */
  itemOf(c: Context<SandboxEnv>, project: Project): Item | Response;
  /** The version in the path, or a 404. */
  versionIn(c: Context<SandboxEnv>, project: Project): Version | Response;
};

export function notFound(what: string): Response {
  return errorDocument(404, 'NOT_FOUND', 'The resource was not found.', `There is no such ${what}.`);
}

export function self({ url }: Call) {
  return { self: { href: url.href } };
}
