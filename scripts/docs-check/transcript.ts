/** A transcript of a page, compared with what the step above it printed. */
import { realpath } from 'node:fs/promises';
import { difference, isInJson, matches, plain } from './compare.ts';
import type { Step } from './page.ts';
import type { Place } from './place.ts';
import { type Failure, failureOf } from './report.ts';
import type { Ran } from './run-step.ts';

type Transcript = Step & { kind: 'transcript' };

/**
 * Waits until a transcript fits, if more can be printed.
 *
 * @param limit - how long to wait, in milliseconds
 * @returns what is wrong and, where that is the block, what to put in its place
 */
export async function checkTranscript(
  step: Transcript,
  ran: Ran | undefined,
  { home }: Place,
  limit: number,
): Promise<{ failure?: Failure; replacement?: { start: number; end: number; text: string } }> {
  const { line, text, inJson, start, end } = step;
  // That failure is reported, and what was printed says nothing about the transcript.
  if (ran?.failure) return {};
  if (!ran?.output)
    return { failure: { line, message: 'Nothing above this block was run, so nothing printed it.' } };

  const { command, output: printed, running } = ran;
  const realHome = await realpath(home);
  // These paths differ by machine. The pages show them as on one with Linux.
  const output = () =>
    printed().replaceAll(realHome, '/home/you').replaceAll(process.execPath, '/usr/bin/node');
  const fits = () => (inJson ? isInJson : matches)(text, output());
  if (running) await running.until(() => fits() || running.exit() !== undefined, limit);
  if (fits()) return {};
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
