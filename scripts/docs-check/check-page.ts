/** Takes the steps of a page, as its reader would, and reports what differs from the page. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readPage, type Step } from './page.ts';
import type { Place } from './place.ts';
import type { Failure } from './report.ts';
import { type Limits, type Ran, runStep } from './run-step.ts';
import { endServers, type Server } from './servers.ts';
import { workingFolder } from './shell.ts';
import { checkTranscript } from './transcript.ts';

export type PageReport = {
  /** How many commands, servers and programs ran. */
  ran: number;
  failures: Failure[];
  notRun: { line: number; command: string; reason: string }[];
  images: { line: number; url: string }[];
  /** The page with its transcripts as they are now. */
  markdown: string;
};

const usualLimits: Limits = { command: 180_000, server: 60_000, end: 15_000, transcript: 5000 };

/**
 * Runs the commands of a page in `place`, one after the other.
 *
 * @param options.write - put what was printed into the transcripts that do not match, instead of failing
 */
export async function checkPage(
  markdown: string,
  place: Place,
  { write = false, limits: given }: { write?: boolean; limits?: Partial<Limits> } = {},
): Promise<PageReport> {
  const limits = { ...usualLimits, ...given };
  const { steps, problems, images } = readPage(markdown);
  const report: PageReport = { ran: 0, failures: [...problems], notRun: [], images, markdown };
  const replacements: { start: number; end: number; text: string }[] = [];
  const servers = new Set<Server>();
  let depth = 1;
  /** What ran last. A transcript shows its output. */
  let last: Ran | undefined;

  for (const step of steps)
    switch (step.kind) {
      case 'heading':
        depth = step.depth;
        report.failures.push(...(await endServers(servers, depth, limits.end)));
        break;
      case 'command':
      case 'server':
      case 'program':
        last = await runStep(step, place, limits);
        report.ran += last.count;
        report.notRun.push(...last.notRun);
        if (last.failure) report.failures.push(last.failure);
        if (last.server) servers.add({ ...last.server, depth });
        break;
      case 'transcript': {
        const { failure, replacement } = await checkTranscript(step, last, place, limits.transcript);
        if (replacement && write) replacements.push(replacement);
        else if (failure) report.failures.push(failure);
        break;
      }
      case 'file': {
        const message = await saveFile(step, place);
        if (message) report.failures.push({ line: step.line, message });
        break;
      }
      case 'not run':
        if (!step.beside) last = undefined;
        report.notRun.push({ line: step.line, command: step.text, reason: step.reason });
    }
  report.failures.push(...(await endServers(servers, 0, limits.end)));

  for (const { start, end, text } of replacements.reverse())
    report.markdown = report.markdown.slice(0, start) + text + report.markdown.slice(end);
  report.failures.sort((one, other) => one.line - other.line);
  return report;
}

/** Saves a block as the page says. Returns what is wrong, if it cannot. */
async function saveFile(step: Step & { kind: 'file' }, place: Place): Promise<string | undefined> {
  const { path, below, text } = step;
  const file = resolve(await workingFolder(place), path);
  if (below === undefined) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${text}\n`);
    return;
  }
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const at = lines.findIndex((line) => line.includes(below));
  if (at === -1) return `There is no file ${path} with a line that contains ${below}.`;
  await writeFile(file, lines.toSpliced(at + 1, 0, text).join('\n'));
}
