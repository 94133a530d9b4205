/** The code of docs/tutorial/5-your-own-tool.md, as its reader has it at the end: a project with one more tool. */
import { readFileSync } from 'node:fs';
import { projectFiles } from '../../scripts/new/project.ts';
import { pathOf } from '../support/programs.ts';

export const chapter = readFileSync(pathOf('docs/tutorial/5-your-own-tool.md'), 'utf8');

/** The code blocks of one language. */
export const blocks = (language: string): string[] =>
  [...chapter.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, code = '']) => code,
  );

/** The files that the reader saves: text by path. */
const saved = new Map(
  [...chapter.matchAll(/Save this as `([^`]+)`:\n\n```ts\n([\s\S]*?)^```/gm)].map(
    ([, path = '', code = '']) => [path, code],
  ),
);

/** Adds the lines that the reader adds to server.ts. */
function withTool(server: string): string {
  const [imported = '', ...others] = blocks('ts').filter((code) => code.trim().split('\n').length === 1);
  const [added = ''] = others;
  return server
    .replace(/^import \{ addGetBucketDetails \}.*\n/m, `$&${imported}`)
    .replace(/^ *addGetBucketDetails\(server, aps\);.*\n/m, `$&${added}`);
}

/** All files of the project: text by path. */
export function chapterFiles(): Map<string, string> {
  const files = projectFiles('2lo', { name: 'my-server' });
  return new Map([...files, ...saved, ['server.ts', withTool(files.get('server.ts') ?? '')]]);
}
