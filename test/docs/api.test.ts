// docs/api says what each export is, and shows it at work. `npm run docs:api -- --check` compares it with the docstrings, and
// `npm run test:package` compiles the examples.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as library from '../../lib/index.ts';
import * as sandbox from '../../sandbox/index.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** The names that an entry point exports, types included. */
function exportsOf(source: string): string[] {
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = '']) =>
    list.split(','),
  );
  const declared = [...source.matchAll(/^export (?:async )?(?:type|function|const|class) (\w+)/gm)];
  const names = [
    ...lists.map((item) => item.trim().replace(/^type /, '')),
    ...declared.map(([, name = '']) => name),
  ];
  return names.filter((name) => name !== '').sort();
}

/** The sections of a page of the reference, by the name of the export. */
function sectionsOf(page: string): Map<string, string> {
  const sections = page.split(/^### (?=\S)/m).slice(1);
  return new Map(sections.map((section) => [/^\w+/.exec(section)?.[0] ?? section, section]));
}

describe.each([
  ['aps-mcp', 'lib/index.ts', library],
  ['aps-mcp/sandbox', 'sandbox/index.ts', sandbox],
] as const)('the reference of %s', (name, source, module) => {
  const exported = exportsOf(read(source));
  const sections = sectionsOf(read(`docs/api/${name}.md`));

  test('has every export, and nothing else', () => {
    expect(exported).toEqual(expect.arrayContaining(Object.keys(module)));
    expect([...sections.keys()].sort()).toEqual(exported);
  });

  test.each(exported)('says what %s is, and has an example that imports it', (item) => {
    const [description = '', ...examples] = (sections.get(item) ?? '').split(/^#{4,5} Example\n/m);
    // Not the heading, a signature, a table, or code.
    expect(description).toMatch(/\n(?![#>|*`-])[A-Z`].*\n/);
    expect(examples).not.toEqual([]);
    const imports = new RegExp(`^import (type )?\\{[^}]*\\b${item}\\b[^}]*\\} from '${name}';$`, 'm');
    for (const example of examples) expect(/^\n```ts\n([\s\S]*?)\n```\n/.exec(example)?.[1]).toMatch(imports);
  });
});
