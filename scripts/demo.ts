/** `npm run demo`: every sign-in pattern, end to end, against the built-in sandbox. Exits 0 if all went as expected. */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { swallowedByNpm } from '../lib/serve/launch/swallowed-options.ts';
import { StartupError } from '../lib/startup-error.ts';
import { type Sandbox, startSandbox } from '../sandbox/index.ts';
import { demoAutodesk } from './demo/autodesk.ts';
import { demoCompany } from './demo/company.ts';
import { demoKey } from './demo/key.ts';
import { demoPkce } from './demo/pkce.ts';
import { demoServiceAccount } from './demo/service-account.ts';
import { keepItShort, say, title } from './demo/stage.ts';
import { demoThreeLegged } from './demo/three-legged.ts';
import { demoTwoLegged } from './demo/two-legged.ts';
import { endWithReader } from './end-with-reader.ts';
import { parseCommand } from './parse-command.ts';

/** By the name of the sign-in: four of servers at Autodesk, then three of clients at a server. */
const demos: Record<string, (sandbox: Sandbox, folder: string) => Promise<void>> = {
  '2lo': demoTwoLegged,
  ssa: demoServiceAccount,
  '3lo': demoThreeLegged,
  pkce: demoPkce,
  key: demoKey,
  oidc: demoCompany,
  autodesk: demoAutodesk,
};

const names = Object.keys(demos).join(', ');

const usage = `Usage: npm run demo -- [NAME ...] [options]

Shows how servers sign in to Autodesk, and clients to servers, against the built-in sandbox. You need no Autodesk account
and no network. Without a name, it shows every pattern in short; with names, those patterns in full.

  NAME    ${names}
  --all   Every pattern in full
  --help  Print this`;

const options = { all: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

/** The patterns to show, and whether in full; undefined for `--help`. @throws {StartupError} */
function choose(args: string[]): { chosen: string[]; full: boolean } | undefined {
  const commandLine = (typed: string) => `npm run demo -- ${typed}`;
  const swallowed = swallowedByNpm({ name: 'demo.ts', options, commandLine }, args);
  if (swallowed) throw new StartupError(swallowed);
  const { values, positionals } = parseCommand(args, options);
  if (values.help) return undefined;
  const unknown = positionals.find((name) => !Object.hasOwn(demos, name));
  if (unknown !== undefined) throw new StartupError(`There is no demo "${unknown}". Choose from: ${names}.`);
  const all = values.all || positionals.length === 0;
  return { chosen: all ? Object.keys(demos) : positionals, full: values.all || positionals.length > 0 };
}

async function show(chosen: readonly string[], full: boolean): Promise<void> {
  const sandbox = await startSandbox();
  const folder = mkdtempSync(join(tmpdir(), 'aps-mcp-demo-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  try {
    title('MCP servers for Autodesk Platform Services (APS)');
    if (!full) keepItShort();
    say(
      `You need no Autodesk account and no network: a sandbox at ${sandbox.url} stands in for APS. Each server runs in ` +
        'its own process, and the official MCP client calls it. Below you see who sends what to whom.',
    );
    for (const name of chosen) await demos[name]?.(sandbox, folder);
    title(full ? 'All went as expected' : 'Every sign-in pattern went as expected');
    if (!full)
      console.log(
        `To see one in full: npm run demo -- NAME (${names}), or all of them: npm run demo -- --all`,
      );
    console.log('Next: start a server yourself with "npm run 2lo -- --sandbox", or read docs/tutorial/.');
  } finally {
    await sandbox.close();
  }
}

endWithReader();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
try {
  const choice = choose(process.argv.slice(2));
  if (choice) await show(choice.chosen, choice.full);
  else console.log(usage);
} catch (error) {
  const what = error instanceof Error ? error.message : String(error);
  console.error(error instanceof StartupError ? what : `\nThe demo failed. ${what}`);
  process.exitCode = 1;
}
// Ends what a failed demo has left running.
process.exit();
