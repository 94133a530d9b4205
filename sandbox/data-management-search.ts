// Search in a folder and everything below it.
import type { DataManagementContext } from './data-management-context.ts';
import { type Folder, type Item, versionOf } from './data-management-tree.ts';
import { document, filtered, pageOf } from './json-api.ts';

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/projects-project_id-folders-folder_id-search-GET/ */
export function addSearch({ inProject, folderOf }: DataManagementContext): void {
  inProject(
    '/data/v1/projects/:project/folders/:folder/search',
    (c, call, project) => {
      const folder = folderOf(c, project);
      if (folder instanceof Response) return folder;
      const tips = visibleItems(folder).map((item) => versionOf(item, item.versionCount));
      const resourceOf = (tip: (typeof tips)[number]) => call.resources.version(project, tip);
      const [first] = tips;
      const attributes = first === undefined ? {} : resourceOf(first).attributes;
      const matching = filtered(call.url, ['type', 'id', ...Object.keys(attributes)], tips, resourceOf);
      if (matching instanceof Response) return matching;
      const page = pageOf(call.url, matching);
      if (page instanceof Response) return page;
      return document({
        links: page.links,
        data: page.items.map(resourceOf),
        ...(page.items.length > 0
          ? { included: page.items.map(({ item }) => call.resources.item(project, item)) }
          : {}),
      });
    },
    { anyScope: ['data:read', 'data:search'] },
  );
}

function visibleItems({ items, folders }: Folder): Item[] {
  const here = items.filter(({ hidden }) => !hidden);
  return [...here, ...folders.filter(({ hidden }) => !hidden).flatMap(visibleItems)];
}
