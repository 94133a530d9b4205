/** Writing variables into a `.env` file, without touching the rest of it. */
import { chmod, readFile, writeFile } from 'node:fs/promises';

/** The text of the file; empty when there is none. */
export async function readEnvFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
}

/** `text` with the variables set: where they stand already, commented out ones left alone; the others at its end. */
export function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const left = new Map(Object.entries(variables));
  const lines = text.split(/\r?\n/).map((line) => {
    const name = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1] ?? '';
    const value = left.get(name);
    if (value === undefined) return line;
    left.delete(name);
    return `${name}=${value}`;
  });
  if (lines.at(-1) === '') lines.pop();
  return [...lines, ...[...left].map(([name, value]) => `${name}=${value}`), ''].join(newline);
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
