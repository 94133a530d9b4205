/** TOML, the format of Codex. */
import { parse, patch, stringify } from '@decimalturn/toml-patch';
import { type Format, isObject, newlineOf, Unreadable } from './format.ts';

/** New tables are appended; values that are there are changed in their place. */
export const toml: Format = {
  read: (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof Error && 'line' in error && 'column' in error)) throw error;
      // The message repeats the line, and its last line says what is wrong with it.
      const problem = error.message.trimEnd().split('\n').at(-1) ?? '';
      throw new Unreadable(Number(error.line), Number(error.column) + 1, problem);
    }
  },
  set: (text, path, value) => {
    const whole = parse(text);
    if (valueAt(whole, path) === undefined) {
      const added = isObject(value) ? append(text, toml.print(path, value)) : addToTable(text, path, value);
      // An inline table cannot be continued elsewhere.
      if (added !== undefined && isValid(added)) return added;
    }
    return patch(text, withValue(whole, path, value));
  },
  print: (path, value) => {
    const values = Object.entries(isObject(value) ? value : {});
    const [inner, own] = [true, false].map((wanted) =>
      values.filter(([, each]) => isObject(each) === wanted),
    );
    const tables = (inner ?? []).map(([name, each]) => `\n${toml.print([...path, name], each)}`);
    return [`[${path.join('.')}]\n`, stringify(Object.fromEntries(own ?? [])), ...tables].join('');
  },
};

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value);
}

function withValue(whole: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const siblings = isObject(whole) ? whole : {};
  return { ...siblings, [name]: withValue(siblings[name], rest, value) };
}

function append(text: string, table: string): string {
  const newline = newlineOf(text);
  const separator = text.trim() === '' ? '' : text.endsWith('\n') ? newline : newline + newline;
  return text + separator + table.replaceAll('\n', newline);
}

/** Below the header: comments at the end of a table, where `patch` adds values, are often about the next one. */
function addToTable(text: string, path: readonly string[], value: unknown): string | undefined {
  const lines = text.split('\n');
  const header = lines.findIndex((line) => line.startsWith(`[${path.slice(0, -1).join('.')}]`));
  if (header < 0) return undefined;
  const added = stringify({ [path.at(-1) ?? '']: value }).trimEnd() + newlineOf(text).slice(0, -1);
  return lines.toSpliced(header + 1, 0, added).join('\n');
}

function isValid(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
