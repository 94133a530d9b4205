/** Prints what happens, and stops the demo if that is not as expected. */
import { isDeepStrictEqual, styleText } from 'node:util';

const colourful = process.stdout.isTTY && !process.env.NO_COLOR;
type Style = Parameters<typeof styleText>[0];
const styled = (style: Style, text: string) => (colourful ? styleText(style, text) : text);

let inShort = false;
let steps = 0;

/** From now on prints the steps, and who sends what to whom, without explanations and details. */
export function keepItShort(): void {
  inShort = true;
}

/** Whether a demo ends with the steps that show its pattern. */
export const isShort = () => inShort;

export function title(text: string): void {
  flush();
  steps = 0;
  console.log(`\n${styled('bold', `━━ ${text} ${'━'.repeat(Math.max(3, 84 - text.length))}`)}`);
}

/** Prints a paragraph. */
export function say(text: string): void {
  if (inShort) return;
  console.log();
  for (const line of wrapped(text.trim(), 88)) console.log(line);
}

/** Prints the title of the next step. */
export function step(text: string): void {
  flush();
  steps += 1;
  console.log(`${inShort ? '' : '\n'}${styled('bold', `${steps}. ${text}`)}`);
}

/** Prints how to start the server of a demo. */
export function command(text: string, what: string): void {
  console.log(`${inShort ? '' : '\n'}   ${text}        ${what}`);
}

/** Prints one message: who sends what to whom. In short, requests of the same sender share a line. */
export function message(route: string, text: string): void {
  const [, from = '', to = ''] = /^(.*) → (.*)$/.exec(route) ?? [];
  if (!inShort || to === '') {
    flush();
    printMessage(route, text);
    return;
  }
  if (pending?.from !== from) flush();
  pending ??= { from, to: [], texts: new Set() };
  if (pending.to.at(-1) !== to) pending.to.push(to);
  if (pending.to.length === 1) pending.texts.add(text.replace(/\/\.well-known\/\S+/, '/.well-known/…'));
}

/** Requests of one sender that are not printed yet: to whom, one after the other, and what went to the first. */
let pending: { from: string; to: string[]; texts: Set<string> } | undefined;

function flush(): void {
  if (!pending) return;
  const { from, to, texts } = pending;
  pending = undefined;
  const [first = '', ...others] = to;
  const requests = [...texts].join(', ').replaceAll(', POST /mcp ', ',');
  printMessage(`${from} → ${first}`, [requests, ...others].join(' → '));
}

function printMessage(route: string, text: string): void {
  console.log(`   ${styled('cyan', route.padEnd(18))} ${text}`);
}

/** Prints a detail of the message above. */
export function detail(text: string): void {
  if (inShort) return;
  console.log(`   ${' '.repeat(18)} ${styled('dim', text)}`);
}

/** Enough of a token's id (`jti`) to recognize it. The token itself is never printed. */
export function tokenNumber(tokenId = ''): string {
  return `${tokenId.slice(0, 6)}…`;
}

/** An address without its query, which contains secrets. */
export function withoutQuery(address: string | URL): string {
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}?…`;
}

/** Throws an `Error` unless `actual` equals `expected`. */
export function expect(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  flush();
  throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
