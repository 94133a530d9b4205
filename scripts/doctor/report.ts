/** What the checks have found, for people and for programs. */
import type { Result, Status } from './check.ts';

const marks: Record<Status, string> = { ok: '✓', warning: '!', fault: '✗', skipped: '-' };
const titleWidth = 20;
const indent = ' '.repeat(titleWidth + 2);

/** One finding, in one line or several. */
export function lineOf({ status, title, text, advice }: Result): string {
  const body = [text, ...(advice ? [advice] : [])].join('\n').replaceAll('\n', `\n${indent}`);
  return `${marks[status]} ${title.padEnd(titleWidth)}${body}`.replaceAll(/ +$/gm, '');
}

/** How many faults and warnings there are. */
export function summaryOf(results: readonly Result[]): string {
  const count = (status: Status, word: string) => {
    const found = results.filter((result) => result.status === status).length;
    return found === 0 ? [] : [`${found} ${word}${found === 1 ? '' : 's'}`];
  };
  const found = [...count('fault', 'fault'), ...count('warning', 'warning')];
  return found.length === 0 ? 'All is well.' : `${found.join(', ')}.`;
}

/** For `--json`. */
export function documentOf(server: string, results: readonly Result[]) {
  const faults = results.filter(({ status }) => status === 'fault').length;
  const warnings = results.filter(({ status }) => status === 'warning').length;
  return { server, ok: faults === 0, faults, warnings, checks: results };
}
