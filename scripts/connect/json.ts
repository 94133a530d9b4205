/** JSON with comments: setting a value touches nothing else, so comments, order and layout stay. */
import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
  stripComments,
} from 'jsonc-parser';
import { type Format, newlineOf, Unreadable } from './format.ts';

/** For the configuration of most clients. A text without a value is an empty object; so is null in the place of one. */
export const json: Format = {
  read: (text) => (isEmpty(text) ? {} : getNodeValue(parse(text))),
  set: (text, path, value) => {
    if (isEmpty(text)) return withLineEnd(text) + insert('{}', parse('{}'), path, value) + newlineOf(text);
    const root = parse(text);
    for (let depth = path.length; depth > 0; depth--) {
      const node = findNodeAtLocation(root, path.slice(0, depth));
      if (!node) continue;
      const rest = path.slice(depth);
      return depth < path.length && node.type === 'object'
        ? insert(text, node, rest, value)
        : replace(text, node, nested(rest, value));
    }
    return insert(text, root, path, value);
  },
  print: (path, value) => JSON.stringify(nested(path, value), null, 2),
};

function parse(text: string): Node {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error || !root) {
    const before = text.slice(0, error?.offset).split('\n');
    throw new Unreadable(
      before.length,
      (before.at(-1)?.length ?? 0) + 1,
      error ? inWords(printParseErrorCode(error.error)) : 'there is no value',
    );
  }
  return root;
}

/** Such as "comma expected" for `CommaExpected`. */
function inWords(code: string): string {
  return code.replace(/\B[A-Z]/g, ' $&').toLowerCase();
}

/** Whether there is nothing but comments. */
function isEmpty(text: string): boolean {
  return stripComments(text).trim() === '';
}

function withLineEnd(comments: string): string {
  return comments.trim() === '' || comments.endsWith('\n')
    ? comments.trimStart()
    : comments + newlineOf(comments);
}

/** Replaces a value, on one line if the old one was. */
function replace(text: string, { offset, length }: Node, value: unknown): string {
  const old = text.slice(offset, offset + length);
  const printed =
    isOneLine(text) || (Array.isArray(value) && !old.includes('\n'))
      ? onOneLine(value)
      : layOut(text, value, indentAt(text, offset));
  return text.slice(0, offset) + printed + text.slice(offset + length);
}

/** Inserts a property after the last one, and after the comments that belong to that. */
function insert(text: string, object: Node, [name = '', ...rest]: readonly string[], value: unknown): string {
  const close = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  const lastEnd = last ? last.offset + last.length : object.offset + 1;
  const { end, comma } = contentBetween(text, lastEnd, close);

  if (last && isOneLine(text)) {
    const property = `${JSON.stringify(name)}: ${onOneLine(nested(rest, value))}`;
    return text.slice(0, end) + (comma ? ` ${property},` : `, ${property}`) + text.slice(end);
  }
  const newline = newlineOf(text);
  const outer = indentAt(text, close);
  const inner =
    last && startsLine(text, last.offset) ? indentAt(text, last.offset) : outer + indentUnit(text);
  const property = `${inner}${JSON.stringify(name)}: ${layOut(text, nested(rest, value), inner)}`;
  const tail = text.slice(end, close).includes('\n') ? text.slice(end) : newline + outer + text.slice(close);
  return [
    text.slice(0, lastEnd),
    last && !comma ? ',' : '',
    text.slice(lastEnd, end),
    newline,
    property,
    comma ? ',' : '',
    tail,
  ].join('');
}

/** Where the last comma or comment ends, and whether there is a comma. */
function contentBetween(text: string, start: number, close: number): { end: number; comma: boolean } {
  const scanner = createScanner(text);
  scanner.setPosition(start);
  let end = start;
  let comma = false;
  for (scanner.scan(); scanner.getTokenOffset() < close; scanner.scan()) {
    const found = text.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength());
    if (found.trim() === '') continue;
    if (found === ',') comma = true;
    end = scanner.getTokenOffset() + found.length;
  }
  return { end, comma };
}

function nested(path: readonly string[], value: unknown): unknown {
  return path.reduceRight((inner, name) => ({ [name]: inner }), value);
}

function layOut(text: string, value: unknown, indent: string): string {
  return JSON.stringify(value, null, indentUnit(text)).replaceAll('\n', newlineOf(text) + indent);
}

function onOneLine(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replaceAll(/(?<=\[)\n *|\n *(?=\])/g, '')
    .replaceAll(/\n */g, ' ');
}

const isOneLine = (text: string) => !text.trim().includes('\n');

/** The white space that begins the line of an offset. */
function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? '';
}

function startsLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === '';
}

const lineStart = (text: string, offset: number) => text.lastIndexOf('\n', offset - 1) + 1;

/** What one level is indented by: two spaces, unless the text does it in another way. */
const indentUnit = (text: string) => /^[ \t]+(?=")/m.exec(text)?.[0] ?? '  ';
