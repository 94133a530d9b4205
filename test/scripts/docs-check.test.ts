// `npm run docs:check`: what it says about pages whose commands do not do what the page says.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { checkPage, type PageReport } from '../../scripts/docs-check/check-page.ts';
import { missingSteps } from '../../scripts/docs-check/ci-steps.ts';
import { misplacedPictures } from '../../scripts/docs-check/pictures.ts';
import { makePlace } from '../../scripts/docs-check/place.ts';
import { newFolder } from '../support/folder.ts';
import { pathOf } from '../support/programs.ts';

const fence = (language: string, code: string, mark = '') =>
  `${mark && `<!-- check: ${mark} -->\n`}\`\`\`${language}\n${code}\n\`\`\`\n`;

/** A bash block that PowerShell does not run, without a PowerShell block. */
const bashOnly = (code: string, mark = '') =>
  `${fence('bash', code, mark)}\n<!-- check: bash only, it is a test -->\n`;

/** Checks a page that consists of these parts. */
async function check(parts: string[], options?: Parameters<typeof checkPage>[2]): Promise<PageReport> {
  const place = makePlace(await newFolder());
  return checkPage(['# Page', ...parts].join('\n\n'), place, options);
}

/** A server as a page has it: it answers every request, and ends with Ctrl-C. */
const server = `node -e 'const s = require("node:http").createServer((_, r) => r.end("hello"));
s.listen(0, "127.0.0.1", () => console.log("Address http://127.0.0.1:" + s.address().port, require("node:fs").writeFileSync("port", String(s.address().port)) ?? ""))'`;
const curlServer = 'curl http://127.0.0.1:$(cat port)/';

test('a page whose commands do what it says passes', async () => {
  const report = await check([
    bashOnly('mkdir inside && cd inside\nname=Ada'),
    bashOnly('echo "$(basename "$PWD") $name"; echo later; echo last'),
    fence('powershell', 'Write-Output one'),
    fence('text', 'inside Ada\n...\nlast', 'prints'),
    fence('bash', server, 'serves'),
    fence('text', 'Address http://localhost:1', 'prints').replace('localhost', '127.0.0.1'),
    bashOnly(curlServer),
    fence('text', 'hello', 'prints'),
    fence('bash', 'exit 3', 'fails'),
  ]);
  expect(report).toMatchObject({ failures: [], notRun: [{ reason: 'PowerShell' }], ran: 5 });
});

describe('a page fails, with the line and what came, when', () => {
  test.each<[string, string[], string]>([
    [
      'a command fails',
      [fence('bash', 'echo some reason >&2\nexit 3')],
      'ended with exit status 3.\nsome reason',
    ],
    [
      'a command fails, whose transcript is then not compared',
      [fence('bash', 'exit 3'), fence('text', 'one', 'prints')],
      'exit status 3',
    ],
    ['an early line of a block fails', [fence('bash', 'false\ntrue')], 'ended with exit status 1'],
    ['a command that must fail does not', [fence('bash', 'true', 'fails')], 'Expected a failure'],
    [
      'a command prints something else',
      [fence('bash', 'echo one; echo three'), fence('text', 'one\ntwo', 'prints')],
      '  one\n- two\n+ three',
    ],
    ['a command prints more', [fence('bash', 'echo one; echo two'), fence('text', 'one', 'prints')], '+ two'],
    [
      'nothing was run that could print',
      [fence('text', 'one', 'prints')],
      'Nothing above this block was run',
    ],
    ['a server ends at once', [fence('bash', 'echo taken; exit 1', 'serves')], 'exit status 1.\ntaken'],
    [
      'a server prints an address where nobody listens',
      [fence('bash', 'echo http://127.0.0.1:1; exec sleep 30', 'serves')],
      'nothing listens at http://127.0.0.1:1',
    ],
    [
      'a server ends before its section does',
      [
        fence('bash', server.replace('r.end("hello")', 'process.exit(4)'), 'serves'),
        bashOnly(`${curlServer} || true`),
      ],
      'ended by itself, with exit status 4',
    ],
    ['a mark has no reason', [fence('bash', 'true', 'not run')], 'needs a reason'],
    ['a mark is unknown', [fence('bash', 'true', 'skip')], 'There is no mark “skip”'],
    ['a mark is for another language', [fence('json', '{}', 'serves')], 'is for a ```bash block'],
    [
      'a mark stands before something else',
      ['<!-- check: serves -->\nText'],
      'not directly before a fenced block',
    ],
    [
      'a block of text has no mark',
      [fence('bash', 'true'), fence('text', 'one')],
      'This ```text block has no mark. Use “prints”',
    ],
    [
      'a block of code has no mark',
      [fence('bash', 'true'), fence('python', 'print(1)')],
      'This ```python block has no mark. Use “not run”',
    ],
    [
      'the JSON that was printed has no such text',
      [fence('bash', `echo '{"text":"two"}'`), fence('text', 'one', 'prints in JSON')],
      'does not contain this block.\n{"text":"two"}',
    ],
    [
      'the JSON that was printed has no such value',
      [fence('bash', `echo '{"one":2}'`), fence('json', '{"one":1}', 'prints in JSON')],
      'does not contain this block.\n{"one":2}',
    ],
    ...[
      'NAME=value npm run check',
      'npm run check && npm test',
      'npx one \\\n  --two',
      'echo "$(date)"',
      'touch a\nchmod 600 a',
    ].map((command): [string, string[], string] => [
      `PowerShell would not run it, and its form is missing: ${command}`,
      [fence('bash', command, 'not run, it is a test'), fence('text', 'one', 'not run, it is a test')],
      'PowerShell does not run this block. Put a ```powershell block directly below',
    ]),
    [
      'a mark “bash only” stands elsewhere',
      [fence('bash', 'true'), 'Text', '<!-- check: bash only, it is a test -->'],
      'not directly below a ```bash block',
    ],
    [
      'a mark “bash only” has no reason',
      [fence('bash', 'NAME=value'), '<!-- check: bash only -->'],
      'needs a reason',
    ],
    ['a block hides a command', [fence('sh', 'true')], 'Use ```bash instead of ```sh'],
    ['a block has no language', [fence('', 'true')], 'has no language'],
    [
      'a line is to be added below one that is not there',
      ['In `a.ts`, add this below `b`:', fence('ts', 'c')],
      'no file a.ts',
    ],
    ['a program fails', [fence('ts', 'throw new Error("broken")', 'program')], 'broken'],
  ])('%s', async (_, parts, message) => {
    const { failures } = await check(parts);
    expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining(message) })]);
    expect(failures[0]?.line).toBeGreaterThan(1);
  });

  test.each<[string, string, string, string]>([
    ['a command does not end', 'exec sleep 30', '', 'did not end within 0.1 s'],
    ['a server never serves', 'exec sleep 30', 'serves', 'but it printed none'],
  ])('%s', async (_, command, mark, message) => {
    const { failures } = await check([fence('bash', command, mark)], {
      limits: { command: 100, server: 100 },
    });
    expect(failures).toEqual([
      expect.objectContaining({ line: mark ? 4 : 3, message: expect.stringContaining(message) }),
    ]);
  });
});

test('a server runs until the next heading of the same level, and no longer', async () => {
  const { failures } = await check([
    '## Serving',
    fence('bash', server, 'serves'),
    '### Calling',
    bashOnly(curlServer),
    '## Afterwards',
    bashOnly(curlServer, 'fails'),
  ]);
  expect(failures).toEqual([]);
});

test('what a command leaves running is ended with it', async () => {
  const { failures } = await check([fence('bash', 'sleep 30 &')], { limits: { command: 5000 } });
  expect(failures).toEqual([]);
});

test('commands get no setting of the caller, nor their language', async () => {
  vi.stubEnv('LC_ALL', 'de_DE.UTF-8');
  onTestFinished(() => void vi.unstubAllEnvs());
  const place = makePlace(await newFolder());
  expect(
    Object.keys(place.env).filter((name) => /^(APS|MCP|VITEST|NODE_ENV)|SESSION_SECRET/.test(name)),
  ).toEqual([]);
  expect(place.env).toMatchObject({ HOME: place.home, LC_ALL: 'C' });
});

test('ports, ids, times and tokens may differ; words may not', async () => {
  const printed =
    'http://localhost:4711 c8e69515-0c59-4bbf-99e1-7e376045c6e8 2026-01-31T08:00:00Z uH4V8FBytAxE1f4Z7bt6GZXp8';
  const same =
    'http://localhost:5000 01234567-89ab-4cde-8f01-23456789abcd 2025-02-28T09:30:00.123Z k4Zr0wQb2sXh5nTe7uYp1A';
  const { failures } = await check([
    fence('bash', `echo ${printed}`),
    fence('text', same, 'prints'),
    fence('text', same.replace('localhost', '127.0.0.1'), 'prints'),
  ]);
  expect(failures).toHaveLength(1);
});

test('a text or value can be part of the JSON that was printed, however it is formatted', async () => {
  const result = JSON.stringify({ at: 'http://localhost:1', text: 'one "two"\nthree', list: [1, 2] });
  const { failures } = await check([
    fence('bash', `printf '%s\\n' 'event: message' 'data: ${result}'`),
    fence('text', 'one "two"\nthree', 'prints in JSON'),
    fence('json', '[1,\n 2]', 'prints in JSON'),
    fence('bash', `echo '{'; echo '"at": "http://localhost:5000", "more": null }'`),
    fence('json', '{ "at": "http://localhost:1", "more": null }', 'prints in JSON'),
  ]);
  expect(failures).toEqual([]);
});

test('settings and diagrams need no mark, nor does anything on a page without commands', async () => {
  const languages = ['ini', 'jsonc', 'mermaid'];
  const { failures } = await check([fence('bash', 'true'), ...languages.map((it) => fence(it, 'one'))]);
  expect(failures).toEqual([]);
  expect((await check([fence('text', 'one')])).failures).toEqual([]);
});

test('what does not run is listed with its reason', async () => {
  const { notRun, ran } = await check([
    fence('bash', 'docker build .', 'not run, there is no Docker here'),
    fence('powershell', '$env:A = "b"'),
    fence('python', 'print(1)', 'not run, it needs Python'),
    fence('text', 'one', 'not run, it is an example'),
    fence('bash', 'npm ci   # installs\nnpm run demo'),
  ]);
  expect(ran).toBe(0);
  expect(notRun.map(({ reason }) => reason)).toEqual([
    'there is no Docker here',
    'PowerShell',
    'it needs Python',
    'it is an example',
    'CI runs npm ci as a step',
    'CI runs npm run demo as a step',
  ]);
});

test.each(['npm run demo -- --more', 'npm run demo && true', 'mkdir it && cd it\nnpm run demo'])(
  'a command that only begins like a step of CI is run: %s',
  async (command) => {
    const place = makePlace(await newFolder());
    const programs = await newFolder();
    await writeFile(join(programs, 'npm'), '#!/bin/sh\nexit 5\n', { mode: 0o755 });
    place.env.PATH = `${programs}:${place.env.PATH}`;
    const { ran, failures } = await checkPage(bashOnly(command), place);
    expect([ran, failures.length]).toEqual([1, 1]);
  },
);

test('CI has the steps that the pages leave to it', async () => {
  expect(missingSteps(await readFile(pathOf('.ci/run'), 'utf8'))).toEqual([]);
  expect(missingSteps('npm ci\nnpm run docs:api\n')).toContain('npm run docs:api -- --check');
});

test('files are saved as the page says, and a program runs beside a server', async () => {
  const place = makePlace(await newFolder());
  const { failures } = await checkPage(
    [
      'Save this as `src/a.txt`:\n',
      fence('text', 'one\nthree'),
      'In `src/a.txt`, add this below `one`:\n',
      fence('text', 'two'),
      fence('bash', 'cat src/a.txt'),
      fence('text', 'one\ntwo\nthree', 'prints'),
      fence(
        'ts',
        'const text: string = await Promise.resolve("from TypeScript");\nprocess.stdout.write(text);',
        'program',
      ),
      fence('text', 'from TypeScript', 'prints'),
    ].join('\n'),
    place,
  );
  expect(failures).toEqual([]);
});

test('--write puts in what is printed, where it differs, and keeps the rest of the page', async () => {
  const parts = [
    fence('bash', 'echo one; echo two'),
    `- item\n\n  ${fence('text', 'three', 'prints').replaceAll('\n', '\n  ')}`,
    'End.',
  ];
  const { failures, markdown } = await check(parts, { write: true });
  expect(failures).toEqual([]);
  expect(markdown).toBe(['# Page', ...parts].join('\n\n').replace('three', 'one\n  two'));
});

test('a picture needs a page that shows it and a test that takes it', async () => {
  const root = await newFolder();
  for (const folder of ['docs/images', 'test/e2e']) await mkdir(join(root, folder), { recursive: true });
  for (const name of ['shown', 'unused', 'unmade'])
    await writeFile(join(root, `docs/images/${name}.png`), '');
  const call = (name: string) => `await picture(page, '${name}');\n`;
  await writeFile(join(root, 'test/e2e/browser.test.ts'), call('shown') + call('unused'));
  const image = (name: string) => ({ page: 'docs/page.md', line: 1, url: `images/${name}.png` });
  const problems = misplacedPictures(root, ['shown', 'unmade', 'lost'].map(image));
  expect(problems.map(({ picture }) => picture).sort()).toEqual(
    ['lost', 'unmade', 'unused'].map((name) => `docs/images/${name}.png`),
  );
  expect(existsSync(join(root, 'docs/images/shown.png'))).toBe(true);
});
