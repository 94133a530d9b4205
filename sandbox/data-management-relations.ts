// What is related to folders, items and versions: their parents, and the relationships and formats that they could have.
import type { Context } from 'hono';
import { type DataManagementContext, notFound, self } from './data-management-context.ts';
import { type Project, versionOf } from './data-management-tree.ts';
import { document } from './json-api.ts';
import type { SandboxEnv } from './request-log.ts';

type Existing = (c: Context<SandboxEnv>, project: Project) => unknown;

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/ */
export function addRelations({ inProject, folderOf, itemOf, versionIn }: DataManagementContext): void {
  inProject('/data/v1/projects/:project/folders/:folder/parent', (c, call, project) => {
    const folder = folderOf(c, project);
    if (folder instanceof Response) return folder;
    if (folder.parent === undefined) return notFound('parent: this is the root folder');
    return document({ links: self(call), data: call.resources.folder(project, folder.parent) });
  });

  inProject('/data/v1/projects/:project/items/:item/parent', (c, call, project) => {
    const item = itemOf(c, project);
    if (item instanceof Response) return item;
    return document({ links: self(call), data: call.resources.folder(project, item.parent) });
  });

  inProject('/data/v1/projects/:project/versions/:version/item', (c, call, project) => {
    const version = versionIn(c, project);
    if (version instanceof Response) return version;
    const { item } = version;
    return document({
      links: self(call),
      data: call.resources.item(project, item),
      included: [call.resources.version(project, versionOf(item, item.versionCount))],
    });
  });

  // A list of what users have related to a resource. Nobody has in the sandbox.
  const nothingRelated = (path: string, existing: Existing) => {
    const answerFor =
      (isRelationship: boolean): Parameters<typeof inProject>[1] =>
      (c, call, project) => {
        const found = existing(c, project);
        if (found instanceof Response) return found;
        const related = call.url.href.replace('/relationships/', '/');
        const links = isRelationship ? { ...self(call), related: { href: related } } : self(call);
        return document({ links, data: [], ...(isRelationship ? { included: [] } : {}) });
      };
    inProject(`${path}/refs`, answerFor(false));
    inProject(`${path}/relationships/refs`, answerFor(true));
    inProject(`${path}/relationships/links`, answerFor(false));
  };
  nothingRelated('/data/v1/projects/:project/folders/:folder', folderOf);
  nothingRelated('/data/v1/projects/:project/items/:item', itemOf);
  nothingRelated('/data/v1/projects/:project/versions/:version', versionIn);

  // The format in which a version was uploaded is the only one.
  inProject('/data/v1/projects/:project/versions/:version/downloadFormats', (c, call, project) => {
    const version = versionIn(c, project);
    if (version instanceof Response) return version;
    const { fileType } = call.resources.version(project, version).attributes;
    const data = { type: 'downloadFormats', id: version.id, attributes: { formats: [{ fileType }] } };
    return document({ links: self(call), data });
  });

  // APS answers with an empty list too, as the document says.
  inProject('/data/v1/projects/:project/versions/:version/downloads', (c, call, project) => {
    const version = versionIn(c, project);
    return version instanceof Response ? version : document({ links: self(call), data: [] });
  });
}
