/** Adding a server to a client's configuration. */
import { isDeepStrictEqual } from 'node:util';
import { StartupError } from '../../lib/startup-error.ts';
import type { Entry } from './clients.ts';
import { type Format, isObject, Unreadable } from './format.ts';

/** What a configuration becomes. */
export type Merged = {
  text: string;
  /** What changes of the server, without what stays: undefined if there was none of this name. */
  old: unknown;
  /** The same, as it becomes. */
  now: unknown;
};

/** Where a server goes: in which file, under which keys. */
export type Place = { file: string; format: Format; path: readonly [key: string, name: string] };

/**
 * Adds a server to the text of a configuration, or changes the one of the same name. Everything else stays as it is.
 *
 * @returns undefined if the server is there already
 * @throws {StartupError} if the text cannot be read, or cannot be changed without losing something
 */
export function merge(whole: string, { file, format, path }: Place, entry: Entry): Merged | undefined {
  const [key, name] = path;
  const mark = whole.startsWith('\uFEFF') ? '\uFEFF' : '';
  const text = whole.slice(mark.length);
  const before = read(text, file, format);
  const servers = before[key] ?? {};
  if (!isObject(servers))
    throw new StartupError(`In ${file}, "${key}" is not a group of servers. ${unchanged}`);
  const old = Object.hasOwn(servers, name) ? servers[name] : undefined;
  const wanted = isObject(old) ? combined(old, entry) : entry;
  if (isDeepStrictEqual(plain(old), plain(wanted))) return undefined;

  const changed = set(text, format, path, old, wanted);
  const after = { ...before, [key]: { ...servers, [name]: wanted } };
  if (!isDeepStrictEqual(plain(readBack(changed, format)), plain(after)))
    throw new StartupError(
      `This command cannot change ${file} without losing something. ${unchanged} Add the server by hand.`,
    );
  return { text: mark + changed, old: without(wanted, old), now: without(old, wanted) };
}

const unchanged = 'Nothing was changed.';

function read(text: string, file: string, format: Format): Record<string, unknown> {
  try {
    const value = format.read(text);
    if (!isObject(value)) throw new Unreadable(1, 1, 'it is not an object');
    return value;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new StartupError(
      `${file} is not valid at line ${error.line}, column ${error.column}: ${error.message}. ${unchanged} ` +
        'Fix the file, and run this again.',
    );
  }
}

/** The value of a changed text; undefined if the change has made it unreadable. */
function readBack(text: string, format: Format): unknown {
  try {
    return format.read(text);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/**
 * A program that is started, and an address that stays, keep what people have set for them, such as variables, time-outs and
 * headers. A new address keeps nothing: headers may hold a key that is for the old one.
 */
function combined(old: Record<string, unknown>, entry: Entry): Record<string, unknown> {
  const isSame = ['url', 'httpUrl'].some((key) => key in entry && entry[key] === old[key]);
  if (isSame) return { ...old, ...entry };
  if (!('command' in old && 'command' in entry)) return entry;
  // Time-outs of the entry are a suggestion; what starts the server is not.
  const { type = old.type, command, args, env } = entry;
  const all: Record<string, unknown> = { ...entry, ...old, command, args };
  if (type !== undefined) all.type = type;
  if (isObject(env)) all.env = isObject(old.env) ? { ...old.env, ...env } : env;
  return all;
}

/** What `value` has that is different in `other`. */
function without(other: unknown, value: unknown): unknown {
  if (!isObject(value) || !isObject(other)) return value;
  const different = Object.entries(value).filter(
    ([name, each]) => !isDeepStrictEqual(plain(each), plain(other[name])),
  );
  return Object.fromEntries(different.map(([name, each]) => [name, without(other[name], each)]));
}

/** Changes a server value by value, so that comments between them stay. */
function set(
  text: string,
  format: Format,
  path: readonly string[],
  old: unknown,
  wanted: Record<string, unknown>,
): string {
  const inPlace = isObject(old) && Object.keys(old).every((key) => key in wanted);
  if (!inPlace) return format.set(text, path, wanted);
  return Object.entries(wanted).reduce(
    (current, [key, value]) =>
      isDeepStrictEqual(plain(old[key]), plain(value)) ? current : format.set(current, [...path, key], value),
    text,
  );
}

/** Without prototypes, in which parsers differ. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
