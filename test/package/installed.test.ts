// The package as people get it: packed, and installed in a folder outside this repository. Then its command answers the
// official client, its declarations compile in strict projects, and a server of one's own starts from it.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eras } from '../support/clients.ts';
import { cleanEnvironment, pathOf, runCommand } from '../support/programs.ts';
import { connectCommand } from '../support/stdio.ts';
import { callListing } from '../support/tool-results.ts';
import { install } from './npm.ts';

const execute = promisify(execFile);
const env = { MCP_ENV_FILE: devNull };

let outside: string;
/** A project that has installed the package. */
let project: string;
const packed = inject('packedFiles');

/** Runs a command in the project to its end: what it prints. */
async function output(command: string, ...args: string[]): Promise<string> {
  return (await execute(command, args, { cwd: project, env: cleanEnvironment(env) })).stdout;
}

/** The compiler of this repository, at work in the project: its complaints, one a line. */
async function complaints(compilerOptions: Record<string, unknown>): Promise<string[]> {
  const strictest = {
    ...{
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
    },
    ...{ noPropertyAccessFromIndexSignature: true, noImplicitOverride: true, isolatedModules: true },
    ...{ verbatimModuleSyntax: true, target: 'es2023', module: 'nodenext', types: ['node'], noEmit: true },
  };
  const configuration = { compilerOptions: { ...strictest, ...compilerOptions }, files: ['server.ts'] };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(configuration));
  const compiler = pathOf('node_modules/typescript/bin/tsc');
  return execute(process.execPath, [compiler, '-p', project], { cwd: project }).then(
    () => [],
    ({ stdout }: { stdout: string }) => stdout.trim().split('\n'),
  );
}

beforeAll(async () => {
  outside = await realpath(await mkdtemp(join(tmpdir(), 'aps-mcp-package-')));
  project = join(outside, 'project');
  await mkdir(project);
  const manifest = JSON.parse(await readFile(pathOf('package.json'), 'utf8'));
  await writeFile(join(project, 'package.json'), '{}');
  await install(project, inject('tarball'), `@types/node@${manifest.devDependencies['@types/node']}`);
  await writeFile(
    join(project, 'package.json'),
    (await readFile(join(project, 'package.json'), 'utf8')).replace('{', '{ "type": "module",'),
  );
  // The code of the first server, as somebody would begin: only the import changes.
  const server = await readFile(pathOf('servers/2lo.ts'), 'utf8');
  await writeFile(join(project, 'server.ts'), server.replace("'../lib/index.ts'", "'aps-mcp'"));
  const plain = server
    .replace("'../lib/index.ts'", "'aps-mcp'")
    .replace(/^ *type Caller,\n/m, '')
    .replace('<Caller>', '');
  await writeFile(join(project, 'server.js'), plain);
});
afterAll(() => rm(outside, { recursive: true, force: true }));

test('the package has what was built, and the documents that messages name', () => {
  const folders = packed.map((path) => /^(dist\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? '.');
  expect([...new Set(folders)].sort()).toEqual([
    ...['.', 'dist/bin', 'dist/lib', 'dist/sandbox', 'docs', 'servers', 'template'],
  ]);
  for (const path of ['LICENSE', '.env.example', 'docs/client-sign-in.md', 'dist/bin/LICENSES.txt'])
    expect(packed).toContain(path);
  // `aps-mcp new` copies these.
  const copied = /^(servers|template)\//;
  expect(packed.filter((path) => /(?<!\.d)\.ts$/.test(path) && !copied.test(path))).toEqual([]);
});

test.each(
  ['2lo', 'ssa', '3lo', 'pkce'].flatMap((name) =>
    eras.map(([client, mode]) => [name, client, mode] as const),
  ),
)('npx aps-mcp %s answers %s over stdio', async (name, _client, mode) => {
  const command = ['aps-mcp', name, '--sandbox', '--transport', 'stdio'];
  const client = await connectCommand('npx', command, mode, { env, cwd: project });
  const tool = name === '2lo' ? 'list_buckets' : 'list_hubs';
  expect((await client.listTools()).tools.map((each) => each.name)).toContain(tool);
  const result = await client.callTool({ name: tool, arguments: {} });
  expect(result.isError ?? false).toBe(false);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'npx aps-mcp 2lo ends when npx, and nothing else, gets %s',
  async (signal) => {
    const command = ['aps-mcp', '2lo', '--sandbox', '--port', '0'];
    const program = await runCommand('npx', command, { cwd: project, env });
    await program.says(/Press Ctrl-C/);
    program.signal(signal);
    await program.ended;
  },
);

describe('the command', () => {
  test('prints its version, and which commands there are', async () => {
    expect(await output('npx', 'aps-mcp', '--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await output('npx', 'aps-mcp', '--help');
    for (const name of ['2lo', 'ssa', '3lo', 'pkce', 'sandbox', 'ssa-setup', 'key'])
      expect(help).toContain(`  ${name} `);
  });

  test('makes keys and service accounts, and says how to go on from here', async () => {
    expect(await output('npx', 'aps-mcp', 'key', 'ci')).toContain('MCP_API_KEYS=ci=');
    const said = await output('npx', 'aps-mcp', 'ssa-setup', '--sandbox', '--yes');
    expect(said).toContain('Now run: npx aps-mcp ssa --sandbox');
  });

  test('starts a sandbox by itself', async () => {
    const program = await runCommand('npx', ['aps-mcp', 'sandbox', '--port', '0'], { cwd: project, env });
    await expect.poll(() => program.output.stdout, { timeout: 20_000 }).toContain('Stop it with Ctrl-C');
    program.signal('SIGTERM');
    await program.ended;
  });
});

describe('a server of one’s own', () => {
  test.each(eras)('answers %s, with the sandbox', async (_client, mode) => {
    const client = await connectCommand(process.execPath, ['server.js', '--sandbox'], mode, {
      env,
      cwd: project,
    });
    expect((await callListing(client, 'list_buckets')).items.length).toBeGreaterThan(0);
  });

  test('is tried with the sandbox that the package has for tests', async () => {
    const script =
      "const s = await (await import('aps-mcp/sandbox')).startSandbox(); console.log(s.url); await s.close();";
    expect(await output(process.execPath, '--input-type=module', '-e', script)).toMatch(/^http:\/\/127/);
  });

  test('compiles under the strictest options, declarations of all packages included', async () => {
    expect(await complaints({ lib: ['es2023', 'dom'] })).toEqual([]);
  });

  test('compiles without the types of browsers, except for what two packages that FastMCP brings declare', async () => {
    const elsewhere = /^node_modules\/(@modelcontextprotocol\/sdk|hono)\//;
    const found = await complaints({ lib: ['es2023'] });
    expect(found.filter((line) => !elsewhere.test(line))).toEqual([]);
  });
});
