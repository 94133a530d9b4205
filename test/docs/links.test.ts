// Links between the docs lead somewhere: to a file that is there, and to a heading in it. TypeDoc makes those of docs/api.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { pathOf } from '../support/programs.ts';

const root = pathOf('.');
const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
const pages = [...readdirSync(root), ...inDocs.map((path) => join('docs', path))].filter(
  (path) => path.endsWith('.md') && !path.startsWith(join('docs', 'api')),
);

/** A page without what stands in code, where nothing is a link. */
const proseOf = (page: string) =>
  readFileSync(join(root, page), 'utf8')
    .replace(/^( *)(`{3,}).*\n[\s\S]*?^\1\2$/gm, '')
    .replace(/(`+)[^`].*?\1/g, 'code');

/** The anchors of a page, as GitHub makes them from its headings: the second of the same name ends in `-1`. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/^( *)(`{3,}).*\n[\s\S]*?^\1\2$/gm, '');
  const headings = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
  const names = headings.map((heading) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${before}`;
  });
}

test.each(pages)('every link of %s leads to a file or a heading that is there', (page) => {
  const broken = [...proseOf(page).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].filter(
    ([, path = '', anchor]) => {
      const target = path === '' ? page : relative(root, join(root, dirname(page), decodeURI(path)));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
    },
  );
  expect(broken.map(([link]) => link)).toEqual([]);
});

test('the README has fewer than 120 lines', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8').trimEnd().split('\n').length).toBeLessThan(120);
});
