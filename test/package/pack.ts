/** A global setup: packs this project once, as `npm publish` would. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { z } from 'zod';

declare module 'vitest' {
  interface ProvidedContext {
    /** The package of this project, as a file. */
    tarball: string;
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const packed = z.tuple([z.object({ filename: z.string() })]);

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'aps-mcp-package-'));
  const { stdout } = await promisify(execFile)('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: root,
    shell: process.platform === 'win32',
    maxBuffer: 16 * 1024 * 1024,
  });
  // The build writes to the same output, before.
  const [{ filename }] = packed.parse(JSON.parse(stdout.slice(stdout.indexOf('[\n'))));
  project.provide('tarball', join(folder, filename));
  return () => rm(folder, { recursive: true, force: true });
}
