// The declarations of the package, and the examples of its reference, in the project of somebody with the strictest options.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installTypeDoc, typeDocFolder } from '../../scripts/docs-api/install.ts';
import { pathOf } from '../support/programs.ts';

let project: string;

beforeAll(async () => {
  installTypeDoc();
  project = await mkdtemp(join(tmpdir(), 'aps-mcp-types-'));
  // What such a project has installed.
  for (const [name, folder] of [
    ['aps-mcp', '.'],
    ...['fastmcp', 'zod', '@types/node'].map((name) => [name, `node_modules/${name}`] as const),
  ] as const) {
    const link = join(project, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(pathOf(folder), link, 'junction');
  }
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(
    join(project, 'everything.ts'),
    "export * from 'aps-mcp';\nexport * as sandbox from 'aps-mcp/sandbox';\n",
  );
});
afterAll(() => rm(project, { recursive: true, force: true }));

/** The compilers of two generations: that of this project, and the one that TypeDoc has. */
const compilers = [
  ['TypeScript 7', pathOf('node_modules/typescript')],
  ['TypeScript 6', join(typeDocFolder, 'node_modules', 'typescript')],
] as const;
const resolutions = [
  ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }],
  ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
] as const;

/** Compiles files of the project: the complaints, one a line. */
async function complaints(compiler: string, files: readonly string[], options: object): Promise<string[]> {
  const compilerOptions = {
    ...{
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
    },
    ...{ noPropertyAccessFromIndexSignature: true, noImplicitOverride: true, noImplicitReturns: true },
    ...{ verbatimModuleSyntax: true, isolatedModules: true },
    // Dependencies need the types of browsers: `RequestInfo` of @modelcontextprotocol/sdk, and `hono`.
    ...{ target: 'es2023', lib: ['es2023', 'dom'], types: ['node'], noEmit: true },
    ...options,
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  return promisify(execFile)(process.execPath, [join(compiler, 'bin', 'tsc'), '-p', project], {
    cwd: project,
  }).then(
    () => [],
    ({ stdout }: { stdout: string }) => stdout.trim().split('\n'),
  );
}

describe.each(compilers)('with %s', (name, compiler) => {
  test('the compiler is the one that is meant', () => {
    const { version } = JSON.parse(readFileSync(join(compiler, 'package.json'), 'utf8'));
    expect(version).toMatch(new RegExp(`^${name.replace(/\D/g, '')}\\.`));
  });

  test.each(resolutions)('everything compiles under the strictest options, by %s', async (_name, options) => {
    expect(await complaints(compiler, ['everything.ts'], options)).toEqual([]);
  });

  test('what is not exported is missed', async () => {
    await writeFile(join(project, 'wrong.ts'), "export { noSuchThing } from 'aps-mcp';\n");
    expect(await complaints(compiler, ['wrong.ts'], resolutions[0][1])).toEqual([
      expect.stringContaining('noSuchThing'),
    ]);
  });
});

test('the examples of the reference compile', async () => {
  const pages = ['docs/api/aps-mcp.md', 'docs/api/aps-mcp/sandbox.md'].map((path) =>
    readFileSync(pathOf(path), 'utf8'),
  );
  const examples = pages.flatMap((page) =>
    [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code),
  );
  expect(examples.length).toBeGreaterThan(50);
  const files = examples.map((_code, index) => `example-${index}.ts`);
  await Promise.all(files.map((file, index) => writeFile(join(project, file), examples[index] ?? '')));
  expect(await complaints(compilers[0][1], files, resolutions[0][1])).toEqual([]);
});
