/** A global setup: installs MCP Inspector, and the Node.js that it needs, in a folder of their own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { install } from '../package/npm.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with both. */
    inspectorFolder: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'aps-mcp-inspector-'));
  await writeFile(join(folder, 'package.json'), '{}');
  await install(folder, 'node@24', '@modelcontextprotocol/inspector@latest');
  project.provide('inspectorFolder', folder);
  return () => rm(folder, { recursive: true, force: true });
}
