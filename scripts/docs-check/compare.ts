/** What a command printed, compared with what a page says that it prints. */

/** A line of a transcript that stands for any lines. */
const anyLines = '...';

/** What differs in every run, and what replaces it before texts are compared. The order matters. */
const varying: readonly [RegExp, string][] = [
  [/\b(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):\d+/g, '$1:PORT'],
  [/(--port[ =])\d+/g, '$1PORT'],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, 'ID'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?/g, 'TIME'],
  [/\b\d\d:\d\d:\d\d(\.\d+)?\b/g, 'TIME'],
  [/\b\d+(\.\d+)? ?(ms|s|seconds?|milliseconds?)\b/g, 'DURATION'],
  // A random text: at least 20 characters, with a digit, a capital and a small letter among them.
  [/(?=[\w.-]*\d)(?=[\w.-]*[A-Z])(?=[\w.-]*[a-z])[\w-][\w.-]{18,}[\w-]={0,2}/g, 'TOKEN'],
];

/** Text without colors, the lines that npm prints before a script, and spaces at the ends of lines. */
export function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals get colors that way
      .replace(/\u001b\[[\d;?]*[A-Za-z]/g, '')
      .replaceAll('\r', '')
      .replace(/^> \S+@\S+ \S+\n> .*\n\n?/gm, '')
      .replace(/[ \t]+$/gm, '')
      .trim()
  );
}

/** The lines of a text, with ports, ids, times and tokens replaced. */
function linesOf(text: string): string[] {
  const same = varying.reduce((result, [pattern, name]) => result.replace(pattern, name), plain(text));
  return same.split('\n');
}

/** Whether a command printed what a transcript says. */
export function matches(transcript: string, printed: string): boolean {
  const pattern = linesOf(transcript)
    .map((line) => (line.trim() === anyLines ? '(?:.*\\n)*' : `${escaped(line)}\\n`))
    .join('');
  return new RegExp(`^${pattern}$`).test(`${linesOf(printed).join('\n')}\n`);
}

/** Whether a text, or a value in JSON, is somewhere in the JSON that a command printed, which can be in events. */
export function isInJson(shown: string, printed: string): boolean {
  const value = parsed(shown);
  const wanted = linesOf(value === undefined ? shown : JSON.stringify(value)).join('\n');
  return documentsIn(plain(printed))
    .flatMap(valuesIn)
    .map((it) => (value === undefined && typeof it === 'string' ? it : JSON.stringify(it)))
    .some((it) => linesOf(it).join('\n') === wanted);
}

/** The JSON in a text: all of it, or single lines, such as the data of events. */
function documentsIn(text: string): unknown[] {
  const lines = text.split('\n').map((line) => parsed(line.replace(/^data: /, '')));
  return [parsed(text), ...lines].filter((it) => it !== undefined);
}

/** A value, and every value in it. */
const valuesIn = (value: unknown): unknown[] => [
  value,
  ...(typeof value === 'object' && value !== null ? Object.values(value).flatMap(valuesIn) : []),
];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const escaped = (line: string) => line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** The lines that only the transcript has (`-`) and that only the command printed (`+`), with one line around them. */
export function difference(transcript: string, printed: string): string {
  const one = linesOf(transcript).filter((line) => line.trim() !== anyLines);
  const other = linesOf(printed);
  const rows = merged(one, other);
  const near = rows.map((_, at) => rows.slice(Math.max(at - 1, 0), at + 2).some(([sign]) => sign !== ' '));
  return rows
    .filter((_, at) => near[at])
    .slice(0, 40)
    .map(([sign, line]) => `${sign} ${line}`)
    .join('\n');
}

/** Merges the lines of both texts, by their longest common subsequence. */
function merged(one: readonly string[], other: readonly string[]): [sign: string, line: string][] {
  // lengths[i][j]: how many lines one.slice(i) and other.slice(j) have in common.
  const lengths = Array.from({ length: one.length + 1 }, () => new Array<number>(other.length + 1).fill(0));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = one.length - 1; i >= 0; i -= 1)
    for (let j = other.length - 1; j >= 0; j -= 1) {
      const row = lengths[i] ?? [];
      row[j] = one[i] === other[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const rows: [string, string][] = [];
  let [i, j] = [0, 0];
  while (i < one.length || j < other.length) {
    if (i < one.length && one[i] === other[j]) rows.push([' ', one[i] ?? '']);
    else if (i < one.length && (j === other.length || at(i + 1, j) >= at(i, j + 1))) {
      rows.push(['-', one[i] ?? '']);
      j -= 1;
    } else {
      rows.push(['+', other[j] ?? '']);
      i -= 1;
    }
    i += 1;
    j += 1;
  }
  return rows;
}
