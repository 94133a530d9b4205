/**
 * `npm run docs:check`: runs every command of README.md, CONTRIBUTING.md and docs/, compares what it prints with the page, and
 * takes the pictures again. Ends with 1 if anything is not as the page says. CONTRIBUTING.md describes the marks in the pages.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkPage } from './docs-check/check-page.ts';
import { missingSteps } from './docs-check/ci-steps.ts';
import { readPage } from './docs-check/page.ts';
import { checkPictures, misplacedPictures, picturesFolder } from './docs-check/pictures.ts';
import { copyRepository, makePlace, type Place, removePlace } from './docs-check/place.ts';
import { failureText, type NotRun, notRunText } from './docs-check/report.ts';
import { endAll } from './docs-check/run.ts';
import { packageRoot } from './package-root.ts';

const usage = `Usage: npm run docs:check -- [--write] [PAGE...]

Runs the commands of README.md, CONTRIBUTING.md and docs/, and takes the pictures in docs/images again. Each page has its
own clone and home folder. Ends with 1 if a command fails, or if a page or picture shows something else.

  PAGE      Check this page only, such as docs/sandbox.md; docs/images for the pictures
  --write   Replace transcripts and pictures that are not up to date
  --help    Print this text
`;

const root = packageRoot();
const folder = mkdtempSync(join(tmpdir(), 'aps-mcp-docs-check-'));
process.on('exit', () => {
  endAll();
  removePlace(folder);
});
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const)
  process.on(signal, () => process.exit(128 + number));

const { write, pages, pictures, wanted } = commandLine();
const failures: string[] = [];
const notRun: NotRun[] = [];

for (const line of missingSteps(readFileSync(join(root, '.ci', 'run'), 'utf8')))
  failures.push(
    `.ci/run\n  It has no step “${line}”, so docs:check would leave out a command that nothing runs.`,
  );

for (const page of pages) {
  const began = performance.now();
  const markdown = readFileSync(join(root, page), 'utf8');
  const report = await inPlace(page.replaceAll('/', '-'), (place) => checkPage(markdown, place, { write }));
  if (report.markdown !== markdown) writeFileSync(join(root, page), report.markdown);
  failures.push(...report.failures.map((failure) => failureText(page, failure)));
  notRun.push(...report.notRun.map((it) => ({ page, ...it })));
  const counts = `ran ${report.ran}, not run ${report.notRun.length}, failures ${report.failures.length}`;
  const changed = report.markdown === markdown ? '' : ', rewritten';
  console.log(`${page}: ${counts}${changed} (${Math.round((performance.now() - began) / 1000)} s)`);
}

if (pictures) {
  const images = allPages().flatMap((page) =>
    readPage(readFileSync(join(root, page), 'utf8')).images.map((image) => ({ page, ...image })),
  );
  const { problems, written } = await inPlace('pictures', (place) => checkPictures(root, place, write));
  for (const picture of written) console.log(`${picture}: taken again`);
  const all = [...misplacedPictures(root, images), ...problems];
  failures.push(...all.map(({ picture, message }) => `${picture}\n  ${message.replaceAll('\n', '\n  ')}`));
  console.log(`${picturesFolder}: failures ${all.length}`);
}

if (notRun.length > 0) console.log(`\n${notRunText(notRun)}`);
if (failures.length > 0) {
  console.error(`\n${failures.join('\n\n')}\n\nFailures: ${failures.length}.`);
  process.exitCode = 1;
} else console.log(`\nEvery command does what the ${wanted ? 'chosen pages say' : 'docs say'}.`);

/** What the command line asks for. Ends the program if it cannot be understood, and after --help. */
function commandLine() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { write: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const all = allPages();
    const wanted = positionals.map((path) => relative(root, resolve(path)).replaceAll('\\', '/'));
    const unknown = wanted.filter((page) => page !== picturesFolder && !all.includes(page));
    if (unknown.length > 0) throw new Error(`There is no page ${unknown.join(', ')}.`);
    const pages = wanted.length === 0 ? all : all.filter((page) => wanted.includes(page));
    const pictures = wanted.length === 0 || wanted.includes(picturesFolder);
    return { write: values.write, pages, pictures, wanted: wanted.length > 0 };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(1);
  }
}

/** The pages whose commands are run. docs/api is generated, and `npm run docs:api -- --check` compares it. */
function allPages(): string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((path) => posix.join('docs', path.replaceAll('\\', '/')))
    .filter((path) => path.endsWith('.md') && !path.startsWith('docs/api/'));
  return ['README.md', 'CONTRIBUTING.md', ...docs.sort()];
}

/** Runs something in a new place with a copy of this repository, which is removed afterwards. */
async function inPlace<T>(name: string, run: (place: Place) => Promise<T>): Promise<T> {
  const here = join(folder, name);
  mkdirSync(here);
  const place = makePlace(here);
  copyRepository(root, place.root);
  try {
    return await run(place);
  } finally {
    removePlace(here);
  }
}
