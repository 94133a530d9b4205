/** Sets variables in a `.env` file and leaves the rest of it unchanged. */
import { chmod, readFile, writeFile } from 'node:fs/promises';

/** The text of the file, empty if it does not exist. */
export async function readEnvFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
}

/** One assignment in dotenv's syntax. A quoted value may span several lines. */
const assignment =
  /^[^\S\r\n]*(export[^\S\r\n]+)?([A-Za-z_]\w*)[^\S\r\n]*=[^\S\r\n]*(?:(["'`])(?:(?!\3)[\s\S])*\3[^\S\r\n]*(?:#.*)?|.*)(?:\r?\n|$)/gm;

/**
 * Returns `text` with the variables set: in place if `text` assigns them, otherwise at the end. Leaves comments alone.
 * Merges repeated assignments into one, because the last would win.
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
  // `mode` applies only to new files.
  await chmod(path, 0o600);
}
