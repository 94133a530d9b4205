/** Runs a command, a server or a program of a page, and reports what it printed and what is wrong. */
import { realpath } from 'node:fs/promises';
import { ciSteps, withoutCiSteps } from './ci-steps.ts';
import { plain } from './compare.ts';
import type { Step } from './page.ts';
import type { Place } from './place.ts';
import { runProgram } from './program.ts';
import { type Failure, failureOf, seconds, statusOf } from './report.ts';
import { addressIn, isServed, type Running, runToEnd, start, stop } from './run.ts';
import type { Server } from './servers.ts';
import { shell, workingFolder } from './shell.ts';

/** Time limits, in milliseconds. */
export type Limits = { command: number; server: number; end: number; transcript: number };

/** A step that ran. */
export type Ran = {
  /** The command, as a failure of its transcript names it. */
  command: string;
  /** What it has printed so far; undefined if nothing ran. */
  output?: () => string;
  /** The process, if it can still print. */
  running?: Running;
  /** A server that stays until its section ends. */
  server?: Omit<Server, 'depth'>;
  failure?: Failure;
  /** How many commands, servers or programs this was: 0 if CI runs all of it. */
  count: 0 | 1;
  /** The commands of the block that CI runs. */
  notRun: { line: number; command: string; reason: string }[];
};

type Runnable = Step & { kind: 'command' | 'server' | 'program' };

export function runStep(step: Runnable, place: Place, limits: Limits): Promise<Ran> {
  switch (step.kind) {
    case 'command':
      return runCommand(step, place, limits.command);
    case 'server':
      return startServer(step, place, limits);
    case 'program':
      return runBlock(step, place, limits.command);
  }
}

async function runCommand(step: Step & { kind: 'command' }, place: Place, limit: number): Promise<Ran> {
  const { line, text: command, mustFail } = step;
  const cwd = await workingFolder(place);
  const inRoot = cwd === (await realpath(place.root)) && !/\b(cd|pushd)\b/.test(command);
  const { rest, left } = inRoot ? withoutCiSteps(command) : { rest: command, left: [] };
  const notRun = left.map((it) => ({ line, command: it, reason: `CI runs ${ciSteps.get(it)} as a step` }));
  if (rest.split('\n').every((it) => /^\s*(#.*)?$/.test(it))) return { command, count: 0, notRun };

  const ended = await runToEnd(shell(rest, place, { keep: true }), { cwd, env: place.env, limit });
  const message = ended.timedOut
    ? `It did not end within ${seconds(limit)}. A server needs the mark “serves”.`
    : (ended.code === 0) === mustFail
      ? `Expected ${mustFail ? 'a failure' : 'exit status 0'}, but it ended with ${statusOf(ended)}.`
      : undefined;
  const failure = message ? failureOf(line, rest, message, ended.output) : undefined;
  return { command, output: () => ended.output, failure, count: 1, notRun };
}

async function startServer(step: Step & { kind: 'server' }, place: Place, limits: Limits): Promise<Ran> {
  const { line, text: command } = step;
  const cwd = await workingFolder(place);
  const running = start(shell(command, place, { keep: false }), { cwd, env: place.env });
  const ran: Ran = { command, output: running.output, running, count: 1, notRun: [] };
  const address = () => addressIn(plain(running.output()));
  await running.until(() => running.exit() !== undefined || address() !== undefined, limits.server);
  const url = address();
  const exit = running.exit();
  if (!exit && url && (await isServed(url))) return { ...ran, server: { line, command, running } };

  const what = exit
    ? `it ended with ${statusOf(exit)}`
    : url
      ? `nothing listens at ${url.origin}`
      : 'it printed none';
  const message = `Expected a server that prints its address within ${seconds(limits.server)}, but ${what}.`;
  const failure = failureOf(line, command, message, running.output());
  if (!exit) await stop(running, 'SIGINT', limits.end);
  return { ...ran, failure };
}

async function runBlock(step: Step & { kind: 'program' }, place: Place, limit: number): Promise<Ran> {
  const command = step.text.split('\n')[0] ?? '';
  const ended = await runProgram(step, place, limit);
  const message = `Expected exit status 0, but it ended with ${statusOf(ended)}.`;
  const failure = ended.code === 0 ? undefined : failureOf(step.line, command, message, ended.output);
  return { command, output: () => ended.output, failure, count: 1, notRun: [] };
}
