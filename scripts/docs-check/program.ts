/** Runs a TypeScript or JavaScript block of a page, with the packages that it imports. */
import { mkdir, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import type { Step } from './page.ts';
import type { Place } from './place.ts';
import { type Ended, runToEnd } from './run.ts';

/** Runs a program with tsx in a folder of its own in HOME. Returns how it ended or, if its packages cannot be installed, npm. */
export async function runProgram(
  { line, text, packages }: Step & { kind: 'program' },
  { home, env }: Place,
  limit: number,
): Promise<Ended> {
  const cwd = join(home, `program-${line}`);
  await mkdir(cwd);
  await writeFile(join(cwd, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await writeFile(join(cwd, 'program.ts'), `${text}\n`);
  const wanted = [...packages, ...importedPackages(text).filter((name) => !packages.some(isVersionOf(name)))];
  if (wanted.length > 0) {
    const npm = ['npm', 'install', '--no-audit', '--loglevel=error', ...wanted] as const;
    const installed = await runToEnd(npm, { cwd, env, limit });
    if (installed.code !== 0) return installed;
  }
  const tsx = import.meta.resolve('tsx');
  return runToEnd([process.execPath, '--import', tsx, 'program.ts'], { cwd, env, limit });
}

const isVersionOf = (name: string) => (wanted: string) => wanted === name || wanted.startsWith(`${name}@`);

/** The npm packages that a program imports. */
function importedPackages(text: string): string[] {
  const specifiers = [...text.matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'".][^'"]*)['"]/g)].map(
    ([, it = '']) => it,
  );
  const names = specifiers.map((it) => it.split('/', it.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(names)].filter((name) => !name.startsWith('node:') && !builtinModules.includes(name));
}
