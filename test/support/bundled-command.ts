/**
 * The command `aps-mcp`, bundled once for all tests that start it: a start takes half the time of one from the sources. It takes
 * itself for the command of the clone, so its messages are those that people see there.
 */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { bundle } from '../../scripts/build/bundle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The file that is the bundled command. */
    bundledCommand: string;
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The source that the bundle stands in for, from the folder of the project. */
export const commandSource = 'scripts/aps-mcp.ts';

/** The bundle. */
export function bundledCommand(): string {
  return inject('bundledCommand');
}

/** A global setup of the tests. Each run has a bundle of its own, so that several can go on at once. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = resolve(root, 'test/.programs', String(process.pid));
  await bundle(folder, {
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(resolve(root, commandSource)).href) },
  });
  project.provide('bundledCommand', resolve(folder, 'aps-mcp.js'));
  return () => rmSync(folder, { recursive: true });
}
