/** Writing variables into a `.env` file, without touching the rest of it. */
import { chmod, readFile, writeFile } from 'node:fs/promises';

/** The text of the file; empty when there is none. */
export async function readEnvFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
}

/** One assignment, as dotenv reads it: a value in quotes may have several lines. */
const assignment =
  /^[^\S\r\n]*(export[^\S\r\n]+)?([A-Za-z_]\w*)[^\S\r\n]*=[^\S\r\n]*(?:(["'`])(?:(?!\3)[\s\S])*\3[^\S\r\n]*(?:#.*)?|.*)(?:\r?\n|$)/gm;

/**
 * `text` with the variables set: where they stand already, commented out ones left alone; the others at its
 * end. One that stands there more than once is left once, since the last would win.
 */
export function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const given = new Map(Object.entries(variables));
  const left = new Map(given);
  const changed = text.replace(assignment, (whole: string, shell: string | undefined, name: string) => {
    if (!given.has(name)) return whole;
    return left.delete(name) ? `${shell ?? ''}${name}=${given.get(name)}${newline}` : '';
  });
  const separator = changed === '' || changed.endsWith('\n') ? '' : newline;
  return changed + separator + [...left].map(([name, value]) => `${name}=${value}${newline}`).join('');
}

/** Writes a file that only its owner can read. */
export async function writePrivately(
  path: string,
  text: string,
  options: { mustBeNew?: boolean } = {},
): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: options.mustBeNew ? 'wx' : 'w' });
  // The mode above is for new files; a file that was there keeps its own.
  await chmod(path, 0o600);
}
