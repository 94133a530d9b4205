/** Folders of a test's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/** A new folder, removed when the test is through, with `files` in it (text by name). */
export async function newFolder(files: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'aps-mcp-servers-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** A new folder for all tests of a file, removed when they are through. Call it at the top, or in `beforeAll`. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aps-mcp-servers-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
