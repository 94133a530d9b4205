/** Compares a transcript of a page with what the step above it printed. */
import { realpath } from 'node:fs/promises';
import { difference, isInJson, matches, plain } from './compare.ts';
import type { Step } from './page.ts';
import type { Place } from './place.ts';
import { type Failure, failureOf } from './report.ts';
import type { Ran } from './run-step.ts';

type Transcript = Step & { kind: 'transcript' };

/**
 * Compares a transcript. If its command is still running, waits until it matches.
 *
 * @param limit - how long to wait, in milliseconds
 * @returns what is wrong and, where a new transcript mends it, what to put in its place
 */
export async function checkTranscript(
  step: Transcript,
  ran: Ran | undefined,
  { home }: Place,
  limit: number,
): Promise<{ failure?: Failure; replacement?: { start: number; end: number; text: string } }> {
  const { line, text, inJson, start, end } = step;
  // The failure is reported already, and a transcript shows what is printed without one.
  if (ran?.failure) return {};
  if (!ran?.output)
    return { failure: { line, message: 'Nothing above this block was run, so nothing printed it.' } };

  const { command, output: printed, running } = ran;
  const realHome = await realpath(home);
  // These paths differ by machine. The pages show those of a machine with Linux.
  const output = () =>
    printed().replaceAll(realHome, '/home/you').replaceAll(process.execPath, '/usr/bin/node');
  const matched = () => (inJson ? isInJson : matches)(text, output());
  if (running) await running.until(() => matched() || running.exit() !== undefined, limit);
  if (matched()) return {};
  if (inJson) {
    const message = 'The JSON that it printed does not contain this block.';
    return { failure: failureOf(line, command, message, output()) };
  }
  const message = `It printed something else (- the page, + the command):\n${difference(text, output())}`;
  return {
    failure: failureOf(line, command, message),
    replacement: { start, end, text: transcriptOf(output(), step) },
  };
}

/** A fenced block with what was printed. */
function transcriptOf(output: string, { text, indent }: Transcript): string {
  const fence = output.includes('```') ? '````' : '```';
  const language = text.trimStart().startsWith('{') ? 'json' : 'text';
  return [`${fence}${language}`, ...plain(output).split('\n'), fence].join(`\n${indent}`);
}
