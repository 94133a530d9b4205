/** How soon a server that an MCP client starts over stdio answers `initialize`, and how much memory it then takes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Sandbox } from '../../sandbox/index.ts';
import { environmentWith, projectFile } from '../demo/program.ts';
import { median } from './median.ts';
import { initialize } from './memory.ts';

/** How long a server is left alone before its memory is measured, in milliseconds. */
const idle = 1000;

type Start = {
  /** Milliseconds from the start of the process to the answer. */
  took: number;
  /** Megabytes that are resident when it is idle; undefined where the system does not say. */
  resident: number | undefined;
};

/** Starts a JavaScript program, and measures it once. */
async function measure(args: readonly string[], variables: Record<string, string>): Promise<Start> {
  const began = performance.now();
  const child = spawn(process.execPath, args, {
    env: environmentWith(variables),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  child.stdin.write(`${JSON.stringify(initialize)}\n`);
  await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error('It ended.')))]);
  const took = performance.now() - began;
  await wait(idle);
  const resident = residentMemory(child.pid);
  child.kill('SIGKILL');
  await ended;
  return { took, resident };
}

function residentMemory(pid: number | undefined): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

/** Compares `2lo` as it is installed with a bare FastMCP server, in turns. Both are JavaScript. */
export async function compareStarts(sandbox: Sandbox, turns: number): Promise<void> {
  const subjects = [
    { name: 'this project', args: [projectFile('dist/bin/aps-mcp.js'), '2lo', '--transport', 'stdio'] },
    { name: 'bare FastMCP', args: [projectFile('scripts/bench/hello.js')] },
  ].map((subject) => ({ ...subject, starts: [] as Start[] }));
  for (let turn = 0; turn < turns; turn += 1)
    for (const { args, starts } of turn % 2 === 0 ? subjects : subjects.toReversed())
      starts.push(await measure(args, sandbox.env));

  console.log(`\nMedians of ${turns} starts over stdio, to the answer to initialize, and when idle:`);
  for (const { name, starts } of subjects) {
    const took = median(starts.map((start) => start.took));
    console.log(`  ${name.padEnd(14)} ${took.toFixed(0).padStart(5)} ms  ${residentOf(starts).padStart(7)}`);
  }
  const [ours, bare] = subjects.map(({ starts }) => starts);
  // Starts of one turn run under the same load.
  const ratios = ours?.map(({ took }, turn) => took / (bare?.[turn]?.took ?? Number.NaN)) ?? [];
  console.log(`start-up: ${median(ratios).toFixed(2)} times a bare FastMCP server (expected: at most 1.0)`);
  console.log(`resident memory of the idle server: ${residentOf(ours ?? [])} (expected: at most 110 MB)`);
}

function residentOf(starts: readonly Start[]): string {
  const measured = starts.flatMap(({ resident }) => resident ?? []);
  return measured.length > 0 ? `${median(measured).toFixed(0)} MB` : 'unknown';
}
