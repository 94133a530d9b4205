/** What `npm run docs:check` prints. */
import { plain } from './compare.ts';
import type { Ended } from './run.ts';

export type Failure = {
  line: number;
  /** What was run, or undefined if the page itself is wrong. */
  command?: string;
  /** What was expected, what happened, and what was printed. */
  message: string;
};

/** A block that was not run or compared, and why. */
export type NotRun = { page: string; line: number; command: string; reason: string };

/** A failure, with the last lines of what was printed. */
export function failureOf(line: number, command: string, message: string, output = ''): Failure {
  const lines = output ? plain(output).split('\n') : [];
  const last = [...(lines.length > 30 ? ['...'] : []), ...lines.slice(-30)];
  return { line, command, message: [message, ...last].join('\n') };
}

export const seconds = (milliseconds: number) => `${milliseconds / 1000} s`;
export const statusOf = ({ code }: Pick<Ended, 'code'>) =>
  code === null ? 'a signal' : `exit status ${code}`;

/** A failure as text: where, what was run, and what happened. */
export function failureText(page: string, { line, command, message }: Failure): string {
  return [
    `${page}:${line}`,
    ...(command ? indented(command, '  $ ', '    ') : []),
    ...indented(message, '  ', '  '),
  ].join('\n');
}

/** The blocks that were not run or compared, by reason. */
export function notRunText(notRun: readonly NotRun[]): string {
  const reasons = [...new Set(notRun.map(({ reason }) => reason))];
  const rows = reasons.flatMap((reason) => [
    `  ${reason}:`,
    ...notRun
      .filter((it) => it.reason === reason)
      .map(({ page, line, command }) => `    ${page}:${line}  ${shortened(command)}`),
  ]);
  return [`Not run or compared (${notRun.length}):`, ...rows].join('\n');
}

function shortened(command: string): string {
  const [first = '', ...others] = command.split('\n').filter((line) => !/^\s*(#.*)?$/.test(line));
  return first.slice(0, 100) + (others.length > 0 || first.length > 100 ? ' ...' : '');
}

const indented = (text: string, first: string, others: string) =>
  text.split('\n').map((line, at) => (at === 0 ? first : others) + line);
