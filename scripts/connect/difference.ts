/** What changes in a text, for people to read. */

/**
 * The lines from the first to the last that differ: removed (`-`) and added (`+`), with the number of the first. Lines around
 * them are not shown: in the configuration of a client, they may hold keys.
 */
export function difference(before: string, after: string): string {
  const old = linesOf(before);
  const now = linesOf(after);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  const shortest = Math.min(old.length, now.length) - start;
  while (end < shortest && old.at(-1 - end) === now.at(-1 - end)) end++;
  const changed = (lines: string[], sign: string) =>
    lines.slice(start, lines.length - end).map((line) => `${sign} ${line}`);
  return [`Line ${start + 1}:`, ...changed(old, '-'), ...changed(now, '+')].join('\n');
}

function linesOf(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
