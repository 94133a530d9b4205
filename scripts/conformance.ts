/**
 * `npm run conformance`: runs the applicable scenarios of the official MCP conformance suite against this project's
 * servers, each in its own process. Exits 0 only if every result is as expected.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { registerClient } from './conformance/client.ts';
import { signIn } from './conformance/person.ts';
import { judge, readResults, type Verdict } from './conformance/results.ts';
import {
  applicable,
  authorizationServer,
  doesNotApply,
  type ExpectedFailures,
  revisions,
} from './conformance/scenarios.ts';
import {
  bringSuite,
  runAuthorizationSuite,
  runSuite,
  type Suite,
  suiteVersion,
} from './conformance/suite.ts';
import { startProgram } from './demo/program.ts';
import { freePort } from './free-port.ts';

const servers = ['2lo', '3lo'];

const usage = `Usage: npm run conformance [-- --help]

Runs the applicable scenarios of the official MCP conformance suite against the servers ${servers.join(' and ')},
with the built-in sandbox, at protocol revisions ${revisions.join(' and ')}, and its scenarios for authorization
servers against 3lo --client-auth autodesk. Which scenarios apply, which checks are expected to fail, and why:
see scripts/conformance/scenarios.ts.

The suite comes from the npm registry, together with a newer Node.js if yours cannot run it. Both stay in
node_modules/.cache. They are not dependencies of this project.`;

/** How long a server may take to start or stop, in milliseconds. */
const patience = 30_000;

/** How many characters of a message to print. The results contain all of it. */
const longestFault = 500;

async function main(): Promise<void> {
  if (wantsHelp()) return console.log(usage);
  const folder = mkdtempSync(join(tmpdir(), 'aps-mcp-conformance-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  whenInterrupted(removeFolder);
  const verdicts = await testServers(folder).catch((error: unknown) => {
    removeFolder();
    throw error;
  });
  const failed = verdicts.filter(({ faults }) => faults.length > 0);
  if (failed.length === 0) removeFolder();
  else {
    console.log(`\nThe results are in ${folder}`);
    process.exitCode = 1;
  }
  const total = counts({
    passed: sum(verdicts.map(({ passed }) => passed)),
    expected: sum(verdicts.map(({ expected }) => expected)),
    skipped: sum(verdicts.map(({ skipped }) => skipped)),
  });
  console.log(`\n${verdicts.length - failed.length} of ${verdicts.length} scenarios passed: ${total}`);
}

function wantsHelp(): boolean {
  try {
    return parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help ?? false;
  } catch (error) {
    throw new Error(`${reason(error).split('. ')[0]}. The only option is --help.`);
  }
}

/** On Ctrl-C, exits, which stops the programs that this process started, and calls `last`. */
function whenInterrupted(last: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      process.once('exit', last);
      process.exit(128 + constants.signals[signal]);
    });
}

async function testServers(folder: string): Promise<Verdict[]> {
  const suite = await bringSuite();
  console.log(`MCP conformance suite ${suiteVersion}`);
  const verdicts: Verdict[] = [];
  // Sequentially, because some checks measure time.
  for (const server of servers) verdicts.push(...(await testServer(suite, server, folder)));
  verdicts.push(...(await testAuthorizationServer(suite, folder)));
  return verdicts;
}

async function testServer(suite: Suite, server: string, folder: string): Promise<Verdict[]> {
  return whileServing([server], {}, folder, async (url) => {
    const verdicts: Verdict[] = [];
    for (const revision of revisions) {
      const results = join(folder, `${server}-${revision}`);
      await runSuite(suite, url, revision, results);
      console.log(`\n${server} at ${revision}`);
      verdicts.push(...(await judgeAll(applicable[revision], results)));
    }
    return verdicts;
  });
}

/** The server behind which people sign in with their Autodesk accounts is an authorization server of its own. */
async function testAuthorizationServer(suite: Suite, folder: string): Promise<Verdict[]> {
  const server = ['3lo', '--client-auth', 'autodesk'];
  // As it is without the sandbox. The suite has no document, so none is fetched.
  const variables = { MCP_AUTH_DOCUMENTS: 'on' };
  return whileServing(server, variables, folder, async (url) => {
    const results = join(folder, 'authorization-server');
    const port = await freePort();
    const clientId = await registerClient(url.origin, `http://127.0.0.1:${port}/callback`);
    const tested = { issuer: url.origin, resource: url.href, clientId, port };
    await runAuthorizationSuite(suite, tested, signIn, results);
    console.log(`\n${server.join(' ')}, as an authorization server`);
    return judgeAll(authorizationServer, results);
  });
}

/** Starts a server with the sandbox, and stops it after `work`. */
async function whileServing<T>(
  server: readonly string[],
  variables: Record<string, string>,
  folder: string,
  work: (url: URL) => Promise<T>,
): Promise<T> {
  const args = [...server, '--sandbox', '--port', '0'];
  const program = await within(
    patience,
    'start',
    startProgram('scripts/aps-mcp.ts', args, variables, folder),
  );
  try {
    return await work(program.url);
  } finally {
    await within(patience, 'stop', program.stop());
  }
}

/** Judges the applicable scenarios and prints a line for each. */
async function judgeAll(known: Record<string, ExpectedFailures>, folder: string): Promise<Verdict[]> {
  const results = await readResults(folder);
  const scenarios = [...results.keys()].filter((scenario) => !doesNotApply(scenario));
  return [...new Set([...Object.keys(known), ...scenarios])].map((scenario) => {
    const verdict = judge(results.get(scenario) ?? [], known[scenario] ?? {});
    const word = verdict.faults.length === 0 ? 'pass' : 'FAIL';
    console.log(`  ${word}  ${scenario.padEnd(42)}  ${counts(verdict)}`);
    for (const fault of verdict.faults)
      console.log(`        ${fault.replace(/\s+/g, ' ').slice(0, longestFault)}`);
    return verdict;
  });
}

function counts({ passed, expected, skipped }: Pick<Verdict, 'passed' | 'expected' | 'skipped'>): string {
  return [
    `${passed} ${passed === 1 ? 'check' : 'checks'} passed`,
    ...(expected > 0 ? [`${expected} failed as expected`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(', ');
}

/** Settles like `promise`, or rejects after `milliseconds`. */
async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`A server did not ${what} within ${milliseconds / 1000} seconds.`);
    timer = setTimeout(reject, milliseconds, error);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

try {
  await main();
} catch (error) {
  console.error(`\nCould not run the conformance suite. ${reason(error)}`);
  process.exitCode = 1;
}
// Stops whatever a failure left running.
process.exit();
