// The declarations of the package, and the examples of its reference, in the project of somebody with the strictest options.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installTypeDoc, packageForDocs } from '../../scripts/docs-api/install.ts';
import { pathOf } from '../support/programs.ts';

let project: string;
/** What is compiled: all exports, the examples, and a mistake that the compiler must find. */
let files: string[];

const write = (name: string, code: string) => writeFile(join(project, name), code);

beforeAll(async () => {
  installTypeDoc();
  project = await mkdtemp(join(tmpdir(), 'aps-mcp-types-'));
  // What such a project has installed.
  for (const name of ['aps-mcp', 'fastmcp', 'zod', '@types/node']) {
    const link = join(project, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(pathOf(name === 'aps-mcp' ? '.' : `node_modules/${name}`), link, 'junction');
  }
  await write('package.json', JSON.stringify({ type: 'module' }));
  await write('everything.ts', "export * from 'aps-mcp';\nexport * as sandbox from 'aps-mcp/sandbox';\n");
  await write('mistake.ts', "export { noSuchThing } from 'aps-mcp';\n");
  const pages = ['aps-mcp', 'aps-mcp/sandbox'].map((name) =>
    readFileSync(pathOf(`docs/api/${name}.md`), 'utf8'),
  );
  const examples = pages.flatMap((page) =>
    [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code),
  );
  files = ['everything.ts', 'mistake.ts', ...examples.map((_code, index) => `example-${index}.ts`)];
  await Promise.all(examples.map((code, index) => write(`example-${index}.ts`, code)));
});
afterAll(() => rm(project, { recursive: true, force: true }));

/** Compiles the files with the `tsc` of a package: its version, and its complaints, one a line. */
async function compile(
  typescript: string,
  options: object,
): Promise<{ version: string; complaints: string[] }> {
  const compilerOptions = {
    ...{
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
    },
    ...{ noPropertyAccessFromIndexSignature: true, noImplicitOverride: true, noImplicitReturns: true },
    ...{ verbatimModuleSyntax: true, isolatedModules: true },
    // The declarations of two dependencies need the types of browsers: @modelcontextprotocol/sdk, and hono.
    ...{ target: 'es2023', lib: ['es2023', 'dom'], types: ['node'], noEmit: true },
    ...options,
  };
  await write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
  const { version } = JSON.parse(readFileSync(join(typescript, 'package.json'), 'utf8'));
  const command = [join(typescript, 'bin', 'tsc'), '-p', project];
  return promisify(execFile)(process.execPath, command, { cwd: project }).then(
    () => ({ version, complaints: [] }),
    ({ stdout }: { stdout: string }) => ({ version, complaints: stdout.trim().split('\n') }),
  );
}

const nodenext = { module: 'nodenext', moduleResolution: 'nodenext' };
const bundler = { module: 'esnext', moduleResolution: 'bundler' };

test('there are examples to compile', () => {
  expect(files.length).toBeGreaterThan(50);
});

// Two generations of compilers: that of this project, and the one that TypeDoc has.
test.each([
  ['7', 'nodenext', pathOf('node_modules/typescript'), nodenext],
  ['7', 'bundler', pathOf('node_modules/typescript'), bundler],
  ['6', 'nodenext', packageForDocs('typescript'), nodenext],
])(
  'every export and every example compiles under the strictest options, with TypeScript %s by %s',
  async (generation, _resolution, typescript, options) => {
    const { version, complaints } = await compile(typescript, options);
    expect(version.split('.')[0]).toBe(generation);
    expect(complaints).toEqual([expect.stringMatching(/^mistake\.ts.*noSuchThing/)]);
  },
);
