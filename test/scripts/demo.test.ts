// `npm run demo` as a process: however it ends, it leaves nothing behind. And commands whose output nobody reads to its end.
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { newFolder } from '../support/folder.ts';
import { isWindows } from '../support/platform.ts';
import { nodeArguments, refusalOf, run, runCommand, runToEnd } from '../support/programs.ts';

const quoted = (...words: string[]) => words.map((word) => `'${word}'`).join(' ');

/** Runs a program whose output goes to `reader`: what it says on stderr, then its exit code, and what the reader prints. */
async function piped(
  reader: string,
  [file, ...args]: [string, ...string[]],
  env: Record<string, string> = {},
) {
  const command = quoted(process.execPath, ...nodeArguments(file, ...args));
  const { ended } = await runCommand('sh', ['-c', `{ ${command}; echo "code $?" >&2; } | ${reader}`], {
    env,
  });
  return ended;
}

const answers = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  );

describe.skipIf(isWindows)('a demo that is interrupted ends its servers and removes its folder', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s', async (signal, code) => {
    const TMPDIR = await newFolder();
    const demo = await run(['scripts/demo.ts', '2lo'], { env: { TMPDIR } });
    const url = () => /serves MCP at (\S+)/.exec(demo.output.stdout)?.[1] ?? '';
    await expect.poll(url, { timeout: 20_000 }).not.toBe('');
    demo.signal(signal);
    expect((await demo.ended).code).toBe(code);
    await expect.poll(() => answers(url())).toBe(false);
    expect((await readdir(TMPDIR)).filter((name) => name.startsWith('aps-mcp-'))).toEqual([]);
  });
});

describe.skipIf(isWindows)(
  'a command whose output nobody reads to its end, as with head, ends quietly:',
  () => {
    test.each([
      ['connect', ['connect', 'cursor', '2lo']],
      ['doctor', ['doctor', '2lo', '--sandbox', '--port', '0']],
    ])('%s', async (_name, args) => {
      expect((await piped('true', ['scripts/aps-mcp.ts', ...args])).stderr).toBe('code 0\n');
    });

    test('demo, and so do its servers', async () => {
      const TMPDIR = await newFolder();
      const { stdout, stderr } = await piped(`sed -n '/serves MCP/{p;q;}'`, ['scripts/demo.ts', '2lo'], {
        TMPDIR,
      });
      expect(stderr).toBe('code 0\n');
      const url = /serves MCP at (\S+)/.exec(stdout)?.[1] ?? '';
      expect(url).not.toBe('');
      await expect.poll(() => answers(url)).toBe(false);
      expect((await readdir(TMPDIR)).filter((name) => name.startsWith('aps-mcp-'))).toEqual([]);
    });
  },
);

test('npm run demo --all, without a --, is answered with the command line that works', async () => {
  const npm = {
    npm_lifecycle_event: 'demo',
    npm_lifecycle_script: 'node --import tsx scripts/demo.ts',
    npm_config_all: 'true',
  };
  expect(await refusalOf(['scripts/demo.ts'], { env: npm })).toContain('npm run demo -- --all');
});

test('the short demo shows each pattern in about a dozen lines', async () => {
  const { code, stdout, stderr } = await runToEnd(['scripts/demo.ts']);
  expect([code, stderr]).toEqual([0, '']);
  const patterns = stdout.split('\n\n').filter((part) => /^ {3}np[mx] /m.test(part));
  expect(patterns).toHaveLength(7);
  for (const pattern of patterns) expect(pattern.trim().split('\n').length, pattern).toBeLessThanOrEqual(13);
}, 120_000);
