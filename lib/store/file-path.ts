/** Where the file of a store is. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The path in `file:PATH`: of a URL with slashes, or as people write paths, Windows included. */
export function pathOf(url: string): string {
  if (url.startsWith('file://')) return fileURLToPath(url);
  const path = url.slice('file:'.length);
  // No shell has replaced it in a .env, or in the settings of a client.
  return /^~[/\\]/.test(path) ? join(homedir(), path.slice(2)) : resolve(path);
}

/** The file in a desktop user's own data folder. */
export async function userStorePath(): Promise<string> {
  const { default: envPaths } = await import('env-paths');
  return resolve(envPaths('aps-mcp', { suffix: '' }).data, 'store.db');
}
