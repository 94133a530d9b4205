/** A warning about a `.env` whose secrets other users of the machine can read. */
import { readFileSync, statSync } from 'node:fs';
import { parse } from 'dotenv';
import { decodeEnvFile } from './env-file.ts';
import { guide } from './guide.ts';
import { knownVariables } from './variables.ts';

/** Read permission of the group and of all others (POSIX). */
const readableByOthers = 0o044;

/** The names of the variables whose values are secrets. */
export const secretVariables: readonly string[] = Object.entries(knownVariables).flatMap(([name, schema]) =>
  guide.get(schema)?.secret ? [name] : [],
);

/**
 * What to tell the operator, in one line; undefined if there is nothing to tell. Windows has no such permissions. The mode
 * of a link does not matter: the file behind it is what others read.
 *
 * @param file - its path
 */
export function envFileWarning(file: string): string | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    if ((statSync(file).mode & readableByOthers) === 0) return undefined;
    const variables = parse(decodeEnvFile(readFileSync(file)));
    const secrets = secretVariables.filter((name) => variables[name]);
    if (secrets.length === 0) return undefined;
    return `Warning: other users of this machine can read ${file}, with ${secrets.join(', ')} in it. Run: chmod 600 ${quoted(file)}`;
  } catch {
    // There is none, or it cannot be read, which `readEnvironment` reports.
    return undefined;
  }
}

/** As an argument of a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
