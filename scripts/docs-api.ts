/**
 * `npm run docs:api`: writes the API reference to `docs/api`, from the docstrings of the two entry points. With `--check` it
 * writes nothing, and fails if the reference is not up to date.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { docsApiFolder, installTypeDoc, packageForDocs } from './docs-api/install.ts';
import { packageRoot } from './package-root.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const reference = join(packageRoot(), 'docs', 'api');

installTypeDoc();
if (values.check) check();
else write(reference);

/** Writes the reference into a folder, which has nothing else afterwards. Throws if a docstring is missing or wrong. */
function write(folder: string): void {
  const typeDoc = join(packageForDocs('typedoc'), 'bin', 'typedoc');
  const plugin = join(packageForDocs('typedoc-plugin-markdown'), 'dist', 'index.js');
  const options = ['--options', 'typedoc.jsonc', '--plugin', plugin, '--out', folder, '--logLevel', 'Warn'];
  execFileSync(process.execPath, [typeDoc, ...options], { cwd: docsApiFolder, stdio: 'inherit' });
}

/** Ends with 1 if the reference differs from what the sources say. */
function check(): void {
  const folder = mkdtempSync(join(tmpdir(), 'aps-mcp-docs-api-'));
  try {
    write(folder);
    const expected = pagesIn(folder);
    const found = pagesIn(reference);
    const stale = [...new Set([...expected.keys(), ...found.keys()])].filter(
      (path) => expected.get(path) !== found.get(path),
    );
    if (expected.size > 1 && stale.length === 0) return;
    console.error(
      `docs/api is not up to date (${stale.join(', ')}). Run npm run docs:api, and commit the result.`,
    );
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The pages in a folder, by their paths in it. */
function pagesIn(folder: string): Map<string, string> {
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.md'),
  );
  return new Map(pages.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}
