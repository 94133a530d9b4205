// `aps-mcp new`: what it makes, and what it refuses.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { packageName, writeProject } from '../../../scripts/new/folder.ts';
import { projectFiles, signIns, toolOf } from '../../../scripts/new/project.ts';
import { run } from '../../../scripts/new.ts';
import { chapterFiles } from '../../docs/chapter.ts';
import { newFolder } from '../../support/folder.ts';
import { oneLine, pathOf, refusalOf, runToEnd } from '../../support/programs.ts';

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) =>
      join(each.parentPath, each.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();

test('makes a project in a new folder, and says what to do next', async () => {
  const cwd = await newFolder({ 'aps-mcp.tgz': '' });
  const args = ['new', 'My Server', '--sign-in', '2lo', '--package', 'aps-mcp.tgz'];
  const { code, stdout, stderr } = await runToEnd(['scripts/aps-mcp.ts', ...args], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  for (const part of [
    'cd "My Server"',
    'npm install',
    'npm test',
    'npm run dev -- --sandbox',
    'get_bucket_details',
  ])
    expect(stdout).toContain(part);
  const folder = join(cwd, 'My Server');
  expect(filesIn(folder)).toEqual([
    ...['.dockerignore', '.env.example', '.gitignore', '.vscode/mcp.json', 'Dockerfile', 'README.md'],
    ...['package.json', 'server.ts', 'test/client.ts', 'test/get-bucket-details.test.ts'],
    ...['tools/get-bucket-details.ts', 'tsconfig.json'],
  ]);
  expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).toMatchObject({
    name: 'my-server',
    dependencies: { 'aps-mcp': 'file:../aps-mcp.tgz' },
  });
});

describe.each(signIns)('a %s project', (signIn) => {
  const files = projectFiles(signIn, { name: 'mine' });
  const manifestOf = (text = '') => JSON.parse(text);

  test('depends on this version, and on what this version depends on', () => {
    const ours = manifestOf(readFileSync(pathOf('package.json'), 'utf8'));
    const { dependencies, devDependencies, engines } = manifestOf(files.get('package.json'));
    expect(dependencies['aps-mcp']).toBe(`^${ours.version}`);
    expect(dependencies.fastmcp).toBe(ours.dependencies.fastmcp);
    expect(devDependencies.typescript).toBe(ours.devDependencies.typescript);
    expect(engines).toEqual(ours.engines);
    expect(Object.values({ ...dependencies, ...devDependencies }).every(Boolean)).toBe(true);
  });

  test('has its tool, a test of it, and no placeholder', () => {
    const { file, name } = toolOf(signIn);
    expect(files.get(`tools/${file}.ts`)).toContain(`name: '${name}'`);
    expect(files.get(`test/${file}.test.ts`)).toContain(name);
    expect(files.get('README.md')).toContain(name);
    for (const text of files.values()) expect(text).not.toMatch(/__[A-Z_]+__/);
  });

  test('keeps .env out of repositories and containers, and asks for the variables of its sign-in only', () => {
    expect(files.get('.gitignore')?.split('\n')).toContain('.env');
    expect(files.get('.dockerignore')).not.toContain('.env');
    expect(files.get('.env.example')?.includes('APS_CLIENT_SECRET')).toBe(signIn !== 'pkce');
    expect(files.get('.env.example')?.includes('APS_SSA_ID')).toBe(signIn === 'ssa');
  });
});

test('the TypeScript of every project, of the tutorial and of the page about the sandbox passes its own type check', async () => {
  const folder = await newFolder();
  symlinkSync(pathOf('node_modules'), join(folder, 'node_modules'), 'junction');
  for (const signIn of signIns) writeProject(join(folder, signIn), projectFiles(signIn, { name: 'mine' }));
  const [, example = ''] =
    /## In your own tests\n[\s\S]*?```ts\n([\s\S]*?)```/.exec(
      readFileSync(pathOf('docs/sandbox.md'), 'utf8'),
    ) ?? [];
  expect(example).toContain('startSandbox({');
  writeProject(join(folder, 'tutorial'), chapterFiles().set('test/example.ts', example));
  const paths = { 'aps-mcp': [pathOf('lib/index.ts')], 'aps-mcp/sandbox': [pathOf('sandbox/index.ts')] };
  const config = {
    extends: './2lo/tsconfig.json',
    compilerOptions: { paths },
    include: [...signIns, 'tutorial'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = pathOf('node_modules/typescript/bin/tsc');
  const checked = promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch(({ stdout }) => ({
    stdout,
  }));
  expect((await checked).stdout).toBe('');
});

describe('overwrites nothing:', () => {
  test('a folder that is not empty is refused, and stays as it is', async () => {
    const folder = await newFolder({ 'notes.txt': 'mine' });
    await expect(run([folder, '--sign-in', '2lo'])).rejects.toThrow('is not empty');
    expect(filesIn(folder)).toEqual(['notes.txt']);
  });

  test('a file is refused', async () => {
    const folder = await newFolder({ notes: 'mine' });
    await expect(run([join(folder, 'notes'), '--sign-in', '2lo'])).rejects.toThrow('is a file');
  });

  test('an empty folder is used, and is empty again if a file cannot be written', async () => {
    const folder = await newFolder();
    const files = new Map([
      ['tools/one.ts', 'one'],
      ['tools/one.ts/two.ts', 'a file is no folder'],
    ]);
    expect(() => writeProject(folder, files)).toThrow('cannot be written');
    expect(readdirSync(folder)).toEqual([]);
    writeProject(folder, projectFiles('ssa', { name: 'mine' }));
    expect(filesIn(folder)).toContain('server.ts');
  });

  test('of a new folder nothing is left if a file cannot be written, of the folder above everything', async () => {
    const above = await newFolder({ 'notes.txt': 'mine' });
    mkdirSync(join(above, 'mine'));
    const files = new Map([
      ['one', ''],
      ['one/two', ''],
    ]);
    expect(() => writeProject(join(above, 'mine', 'new', 'server'), files)).toThrow('cannot be written');
    expect(readdirSync(above, { recursive: true })).toEqual(['mine', 'notes.txt']);
  });
});

describe('the name of the package is that of the folder, as npm allows it:', () => {
  test.each([
    ['my-server', 'my-server'],
    ['work/My Server', 'my-server'],
    ['Café (new)', 'cafe-new'],
    ['.hidden_one', 'hidden_one'],
    ['@acme/tools', 'tools'],
    ['x'.repeat(300), 'x'.repeat(214)],
  ])('%s', (folder, name) => {
    expect(packageName(folder)).toBe(name);
  });

  test.each(['...', '服务器', 'node_modules', 'aps-mcp', 'FastMCP', '/'])('%s is refused', async (folder) => {
    await expect(run([folder, '--sign-in', '2lo'])).rejects.toThrow('cannot be the name of a project');
  });
});

describe('without a terminal, an error says in one line what to add:', () => {
  test.each([
    [[], /the folder and --sign-in 2lo\|ssa\|3lo\|pkce/],
    [['mine'], /missing: --sign-in 2lo/],
  ])('%j', async (args, missing) => {
    const said = await refusalOf(['scripts/aps-mcp.ts', 'new', ...args]);
    expect(said).toMatch(oneLine);
    expect(said).toMatch(missing);
    expect(said).toContain('For example: npm run new -- my-server --sign-in 2lo');
  });
});

test.each([
  [['mine', '--sign-in', '4lo'], '--sign-in must be 2lo, ssa, 3lo, pkce, not "4lo"'],
  [['my', 'server', '--sign-in', '2lo'], 'one folder'],
  [['mine', '--sign-in', '2lo', '--package', 'missing.tgz'], 'there is no file missing.tgz'],
  [['mine', '--template', 'x'], "'--template'"],
])('%j is refused', async (args, part) => {
  await expect(run(args)).rejects.toThrow(part);
});
