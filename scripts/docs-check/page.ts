/** A page of the documentation, as the steps that its reader takes. */
import type { Code, Nodes, Parents } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { isBashOnly, missingPowerShell } from './powershell.ts';

/** A step, with the line of the page that it begins at. */
export type Step = { line: number } & (
  | { kind: 'heading'; depth: number }
  /** A bash block that runs to its end. */
  | { kind: 'command'; text: string; mustFail: boolean }
  /** A bash block that starts a server and stays. */
  | { kind: 'server'; text: string }
  /** A TypeScript or JavaScript block to run, with npm packages besides those that it imports. */
  | { kind: 'program'; text: string; packages: string[] }
  /**
   * What the step above prints; with `inJson`, a part of the JSON that it prints. `start` and `end` are the offsets of the
   * block in the page, `indent` its indentation.
   */
  | { kind: 'transcript'; text: string; inJson: boolean; start: number; end: number; indent: string }
  /** A block that the reader saves as a file, or adds to one, below the line that contains `below`. */
  | { kind: 'file'; text: string; path: string; below?: string }
  /** A block that is not run or compared. With `beside`, a transcript below it still shows what the step above printed. */
  | { kind: 'not run'; text: string; reason: string; beside?: boolean }
);

export type Page = {
  steps: Step[];
  /** What is wrong with the page itself. */
  problems: { line: number; message: string }[];
  /** The images that it shows, by the addresses in it. */
  images: { line: number; url: string }[];
};

const programLanguages = ['ts', 'js', 'mts', 'mjs', 'typescript', 'javascript'];
/** Blocks that need no mark: settings that the reader writes, and diagrams. */
const unmarkedLanguages = ['ini', 'toml', 'yaml', 'jsonc', 'mermaid'];
const outputLanguages = ['text', 'json'];
const otherShells = ['sh', 'shell', 'zsh', 'console', 'terminal', 'shellsession', 'cmd', 'bat'];

/** Reads a page. CONTRIBUTING.md, “Commands and pictures in the docs”, describes the marks. */
export function readPage(markdown: string): Page {
  const page: Page = { steps: [], problems: [], images: [] };
  const places = [...placesIn(fromMarkdown(markdown))];
  const hasCommands = places.some(({ node }) => node.type === 'code' && node.lang === 'bash');
  for (const { node, previous, next } of places) {
    const line = lineOf(node);
    if (node.type === 'heading') page.steps.push({ kind: 'heading', line, depth: node.depth });
    if (node.type === 'image') page.images.push({ line, url: node.url });
    if (node.type === 'html') {
      for (const [, url = ''] of node.value.matchAll(/<img\b[^>]*\bsrc="([^"]*)"/g))
        page.images.push({ line, url });
      const message = isMark(node.value) ? misplaced(node.value, previous, next) : undefined;
      if (message) page.problems.push({ line, message });
    }
    if (node.type === 'code') {
      const step = stepOf(node, previous, markdown) ?? (hasCommands ? unmarked(node) : undefined);
      if (typeof step === 'string') page.problems.push({ line, message: step });
      else if (step) page.steps.push(step);
      const missing = missingPowerShell(node, next);
      if (missing) page.problems.push({ line, message: missing });
    }
  }
  return page;
}

/** The nodes of a page in order, each with those beside it. */
function* placesIn(parent: Parents): Generator<{ node: Nodes; previous?: Nodes; next?: Nodes }> {
  for (const [index, node] of parent.children.entries()) {
    yield { node, previous: parent.children[index - 1], next: parent.children[index + 1] };
    if ('children' in node) yield* placesIn(node);
  }
}

const isMark = (html: string) => /^<!--\s*check\b/.test(html);

/** What is wrong with where a mark stands. “bash only” stands below its block, and makes no step. */
function misplaced(mark: string, previous?: Nodes, next?: Nodes): string | undefined {
  if (!isBashOnly(mark))
    return next?.type === 'code' ? undefined : 'This mark is not directly before a fenced block.';
  if (previous?.type !== 'code' || previous.lang !== 'bash')
    return 'This mark is not directly below a ```bash block.';
  if (!/,\s*[^\s-].*-->$/s.test(mark))
    return 'The mark “bash only” needs a reason: <!-- check: bash only, REASON -->.';
}

/** The step that a block is, if any, or what is wrong with the block. */
function stepOf(node: Code, previous: Nodes | undefined, markdown: string): Step | string | undefined {
  const line = lineOf(node);
  const text = node.value;
  const language = node.lang ?? '';
  const mark =
    previous?.type === 'html' && isMark(previous.value) && !isBashOnly(previous.value)
      ? previous.value
      : undefined;
  if (mark !== undefined) return markedStep(node, mark);
  const file = previous?.type === 'paragraph' ? fileNamedIn(sourceOf(previous, markdown)) : undefined;
  if (file) return { kind: 'file', line, text, ...file };
  if (language === 'bash') return { kind: 'command', line, text, mustFail: false };
  if (language === 'powershell') return { kind: 'not run', line, text, reason: 'PowerShell', beside: true };
  if (language === '') return 'This block has no language. Use ```bash for commands, ```text for other text.';
  if (otherShells.includes(language)) return `Use \`\`\`bash instead of \`\`\`${language}: it is run.`;
}

/** What is wrong with a block that has no mark, and that the reader neither runs nor saves. */
function unmarked({ lang }: Code): string | undefined {
  const language = lang ?? '';
  if (unmarkedLanguages.includes(language)) return;
  const others = outputLanguages.includes(language)
    ? '“prints”, “prints in JSON”, or '
    : programLanguages.includes(language)
      ? '“program”, or '
      : '';
  return `This \`\`\`${language} block has no mark. Use ${others}“not run” with a reason.`;
}

function markedStep(node: Code, mark: string): Step | string {
  const line = lineOf(node);
  const text = node.value;
  const language = node.lang ?? '';
  const isProgram = programLanguages.includes(language);
  const [, name = '', rest = ''] = /^<!--\s*check:\s*([^,]*?)\s*(?:,\s*(.*?))?\s*-->$/s.exec(mark) ?? [];
  const only = (languages: string) => `The mark “${name}” is for a ${languages} block.`;
  if (rest && !['not run', 'program'].includes(name))
    return `The mark “${name}” takes nothing after a comma.`;
  switch (name) {
    case 'serves':
      return language === 'bash' ? { kind: 'server', line, text } : only('```bash');
    case 'fails':
      return language === 'bash' ? { kind: 'command', line, text, mustFail: true } : only('```bash');
    case 'program':
      if (!isProgram) return only('```ts or ```js');
      return { kind: 'program', line, text, packages: rest.split(/\s+/).filter(Boolean) };
    case 'prints':
    case 'prints in JSON': {
      if (!outputLanguages.includes(language)) return only('```text or ```json');
      const { start, end } = node.position ?? {};
      const indent = ' '.repeat((start?.column ?? 1) - 1);
      const inJson = name === 'prints in JSON';
      return {
        kind: 'transcript',
        line,
        text,
        inJson,
        start: start?.offset ?? 0,
        end: end?.offset ?? 0,
        indent,
      };
    }
    case 'not run':
      if (!rest) return 'The mark “not run” needs a reason: <!-- check: not run, REASON -->.';
      if (unmarkedLanguages.includes(language))
        return 'The mark “not run” does nothing here: this block is never run.';
      return { kind: 'not run', line, text, reason: rest, beside: outputLanguages.includes(language) };
    default:
      return `There is no mark “${name}”. There are: serves, fails, prints, prints in JSON, program; and, with a reason, not run and bash only.`;
  }
}

/** The file that a block becomes, or is added to, by the paragraph before it. */
function fileNamedIn(paragraph: string): { path: string; below?: string } | undefined {
  const [, saved] = /Save this as `([^`]+)`:$/.exec(paragraph) ?? [];
  if (saved) return { path: saved };
  const [, path, below] = /[Ii]n\s+`([^`]+)`,\s+add this below\s+`([^`]+)`:$/.exec(paragraph) ?? [];
  return path && below ? { path, below } : undefined;
}

const lineOf = (node: Nodes): number => node.position?.start.line ?? 1;

const sourceOf = ({ position }: Nodes, markdown: string): string =>
  markdown.slice(position?.start.offset, position?.end.offset);
