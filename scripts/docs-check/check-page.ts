/** Takes the steps of a page, as its reader would, and reports what differs from the page. */
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ciSteps, withoutCiSteps } from './ci-steps.ts';
import { difference, matches, plain } from './compare.ts';
import { readPage, type Step } from './page.ts';
import type { Place } from './place.ts';
import { runProgram } from './program.ts';
import { addressIn, type Ended, isServed, type Running, runToEnd, start, stop } from './run.ts';

export type Failure = {
  line: number;
  /** What was run, or undefined if the page itself is wrong. */
  command?: string;
  /** What was expected, what came, and what was printed. */
  message: string;
};

export type PageReport = {
  /** How many commands, servers and programs ran. */
  ran: number;
  failures: Failure[];
  notRun: { line: number; command: string; reason: string }[];
  images: { line: number; url: string }[];
  /** The page with its transcripts as they are now. */
  markdown: string;
};

/** Time limits, in milliseconds. */
export type Limits = { command: number; server: number; end: number; transcript: number };

const usualLimits: Limits = { command: 180_000, server: 60_000, end: 15_000, transcript: 5000 };

/** A server that runs, and the depth of the section that it was started in. */
type Server = { step: Step & { kind: 'server' }; depth: number; running: Running };

/** What the last command, server or program has printed so far; or that it failed, so its transcript is not compared. */
type Printed = { command: string; output: () => string; running?: Running };

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
  const rewritten: { start: number; end: number; text: string }[] = [];
  const home = await realpath(place.home);
  let servers: Server[] = [];
  let printed: Printed | 'failed' | undefined;
  let depth = 1;

  const fail = (line: number, command: string, message: string, output = '') =>
    report.failures.push({ line, command, message: output ? `${message}\n${lastLines(output)}` : message });

  const failStep = (...failure: Parameters<typeof fail>) => {
    fail(...failure);
    printed = 'failed';
  };

  async function endServers(fromDepth: number): Promise<void> {
    const ending = servers.filter((server) => server.depth >= fromDepth);
    servers = servers.filter((server) => !ending.includes(server));
    for (const { step, running } of ending) {
      const { line, text } = step;
      const exit = running.exit();
      if (exit) fail(line, text, `The server ended by itself, with ${statusOf(exit)}.`, running.output());
      else if (!(await stop(running, 'SIGINT', limits.end)))
        fail(line, text, `The server did not end within ${seconds(limits.end)} of Ctrl-C.`, running.output());
    }
  }

  async function runCommand(step: Step & { kind: 'command' }): Promise<void> {
    const { line, text, mustFail } = step;
    const cwd = await workingFolder(place);
    const inRoot = cwd === (await realpath(place.root)) && !/\b(cd|pushd)\b/.test(text);
    const { rest, left } = inRoot ? withoutCiSteps(text) : { rest: text, left: [] };
    for (const command of left)
      report.notRun.push({ line, command, reason: `CI runs ${ciSteps.get(command)} as a step` });
    printed = undefined;
    if (rest.split('\n').every((line) => /^\s*(#.*)?$/.test(line))) return;
    report.ran += 1;
    const ended = await runToEnd(shell(rest, place, { keep: true }), {
      cwd,
      env: place.env,
      limit: limits.command,
    });
    printed = { command: text, output: () => ended.output };
    const expected = mustFail ? 'a failure' : 'exit status 0';
    if (ended.timedOut)
      failStep(
        line,
        rest,
        `It did not end within ${seconds(limits.command)}. A server needs the mark “serves”.`,
        ended.output,
      );
    else if ((ended.code === 0) === mustFail)
      failStep(line, rest, `Expected ${expected}, but it ended with ${statusOf(ended)}.`, ended.output);
  }

  async function startServer(step: Step & { kind: 'server' }): Promise<void> {
    const { line, text } = step;
    report.ran += 1;
    const cwd = await workingFolder(place);
    const running = start(shell(text, place, { keep: false }), { cwd, env: place.env });
    printed = { command: text, output: running.output, running };
    const address = () => addressIn(plain(running.output()));
    await running.until(() => running.exit() !== undefined || address() !== undefined, limits.server);
    const url = address();
    const exit = running.exit();
    if (!exit && url && (await isServed(url))) {
      servers.push({ step, depth, running });
      return;
    }
    const what = exit
      ? `it ended with ${statusOf(exit)}`
      : url
        ? `nothing listens at ${url.origin}`
        : 'it printed none';
    failStep(
      line,
      text,
      `Expected a server that prints its address within ${seconds(limits.server)}, but ${what}.`,
      running.output(),
    );
    if (!exit) await stop(running, 'SIGINT', limits.end);
  }

  async function compare(step: Step & { kind: 'transcript' }): Promise<void> {
    const { line, text } = step;
    if (printed === 'failed') return;
    if (!printed) {
      report.failures.push({ line, message: 'Nothing above this block was run, so nothing printed it.' });
      return;
    }
    const { command, running, output: all } = printed;
    const output = () => all().replaceAll(home, '/home/you');
    const fits = () => matches(text, output());
    const ended = () => running?.exit() !== undefined;
    if (running) await running.until(() => fits() || ended(), limits.transcript);
    if (fits()) return;
    if (write)
      rewritten.push({ start: step.start, end: step.end, text: transcriptOf(output(), step.indent, text) });
    else
      fail(
        line,
        command,
        `It printed something else (- the page, + the command):\n${difference(text, output())}`,
      );
  }

  for (const step of steps)
    switch (step.kind) {
      case 'heading':
        await endServers(step.depth);
        depth = step.depth;
        break;
      case 'command':
        await runCommand(step);
        break;
      case 'server':
        await startServer(step);
        break;
      case 'program': {
        report.ran += 1;
        const ended = await runProgram(step, place, limits.command);
        printed = { command: firstLine(step.text), output: () => ended.output };
        if (ended.code !== 0)
          failStep(
            step.line,
            firstLine(step.text),
            `Expected exit status 0, but it ended with ${statusOf(ended)}.`,
            ended.output,
          );
        break;
      }
      case 'transcript':
        await compare(step);
        break;
      case 'file': {
        const problem = await saveFile(step, place);
        if (problem) report.failures.push({ line: step.line, message: problem });
        break;
      }
      case 'not run':
        if (!step.beside) printed = undefined;
        report.notRun.push({ line: step.line, command: step.text, reason: step.reason });
    }
  await endServers(0);

  for (const { start, end, text } of rewritten.reverse())
    report.markdown = report.markdown.slice(0, start) + text + report.markdown.slice(end);
  report.failures.sort((one, other) => one.line - other.line);
  return report;
}

/** The folder in which the last command left the reader. */
async function workingFolder(place: Place): Promise<string> {
  const kept = await readFile(resolve(place.state, 'folder'), 'utf8').catch(() => '');
  return realpath(kept.trim() || place.root);
}

/** Bash with a block, which begins with the variables that earlier blocks have set, as in one terminal. */
function shell(block: string, { state }: Place, { keep }: { keep: boolean }): readonly [string, ...string[]] {
  const passing = String.raw`^declare -[a-zA-Z]*r|^declare -\S+ (BASH|DIRSTACK|FUNCNAME|GROUPS|PIPESTATUS|SHLVL|_=)`;
  const save = `trap 'pwd -P > "${state}/folder"; declare -p | grep -Ev "${passing}" > "${state}/variables"' EXIT`;
  const load = `if [ -f "${state}/variables" ]; then . "${state}/variables"; fi`;
  return ['bash', '-e', '-c', [load, keep ? save : ':', block].join('\n')];
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

/** A fenced block with what was printed. */
function transcriptOf(output: string, indent: string, former: string): string {
  const fence = output.includes('```') ? '````' : '```';
  const language = former.trimStart().startsWith('{') ? 'json' : 'text';
  return [`${fence}${language}`, ...plain(output).split('\n'), fence].join(`\n${indent}`);
}

const firstLine = (text: string) => text.split('\n')[0] ?? '';
const seconds = (milliseconds: number) => `${milliseconds / 1000} s`;
const statusOf = ({ code }: Pick<Ended, 'code'>) => (code === null ? 'a signal' : `exit status ${code}`);

function lastLines(output: string): string {
  const lines = plain(output).split('\n');
  return [...(lines.length > 30 ? ['...'] : []), ...lines.slice(-30)].join('\n');
}
