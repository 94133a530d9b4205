/** The projects, folders and models of the sandbox, as a client finds its way to them by their names. */
import type { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { demoHubs } from './sandbox.ts';
import { type Args, listingsOf } from './tool-results.ts';

const entry = z.looseObject({ id: z.string(), name: z.string(), type: z.string().optional() });
export type Entry = z.infer<typeof entry>;
const entries = z.array(entry);

export const namesOf = (list: Entry[]) => list.map(({ name }) => name);
export const idsOf = (list: Entry[]) => list.map(({ id }) => id);

/** The one of that name, which must be there. */
export function named(list: Entry[], name: string): Entry {
  const found = list.find((each) => each.name === name);
  if (!found) throw new Error(`There is no ${name}, but: ${namesOf(list).join(', ')}`);
  return found;
}

export const construction: { hub_id: string } = { hub_id: demoHubs.construction };
export const europe = { hub_id: demoHubs.europe };

type Place = { hub_id: string; project_id: string; folder_id?: string };

/** The Data Management tools of `client`, and the arguments that name a place to them. */
export function explorerOf(client: Client) {
  const { call, walk } = listingsOf(client);
  const places = new Map<string, Promise<Place>>();

  /** The list that a tool answers, which must not be an error. */
  async function list(tool: string, args?: Args): Promise<Entry[]> {
    return entries.parse((await call(tool, args)).items);
  }

  /** Looks a place up once: ids do not change while a sandbox runs. */
  function once(name: string, find: () => Promise<Place>): Promise<Place> {
    const place = places.get(name) ?? find();
    places.set(name, place);
    return place;
  }

  /** The arguments that name a project: by default the one that has something of everything. */
  function project(hub = construction, name = '0001 Harbor Tower'): Promise<Place> {
    return once(name, async () => {
      const projects = await list('list_projects', { ...hub, limit: 10 });
      return { ...hub, project_id: named(projects, name).id };
    });
  }

  /** The arguments that name a folder of that project, by the names on the way to it. */
  function folder(...path: string[]): Promise<Place> {
    return once(['folder', ...path].join('/'), async () => {
      const parent = await (path.length > 0 ? folder(...path.slice(0, -1)) : project());
      const name = path.at(-1) ?? 'Project Files';
      return { ...parent, folder_id: named(await list('list_contents', parent), name).id };
    });
  }

  /** The arguments that name a model. */
  async function item(name: string) {
    const { project_id, ...rest } = await folder('02 Models');
    return { project_id, item_id: named(await list('list_contents', { project_id, ...rest }), name).id };
  }

  return {
    list,
    /** Follows the cursors of a listing to its end: the entries of every result. */
    walk: async (tool: string, args: Args) => z.array(entries).parse(await walk(tool, args)),
    project,
    folder,
    item,
  };
}
