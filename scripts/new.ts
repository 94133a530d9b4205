/** `aps-mcp new FOLDER --sign-in SIGN_IN`: makes a project with a server and a tool to change. */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { commandLine } from '../lib/command-line.ts';
import { StartupError } from '../lib/startup-error.ts';
import type { Answers } from './new/ask.ts';
import { checkFree, packageName, writeProject } from './new/folder.ts';
import { portOf, projectFiles, signIns, toolOf } from './new/project.ts';
import { parseCommand } from './parse-command.ts';

export const options = {
  'sign-in': { type: 'string' },
  package: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const example = `For example: ${commandLine('new', 'my-server --sign-in 2lo')}`;

const usage = `Usage: ${commandLine('new', `FOLDER --sign-in ${signIns.join('|')}`)}

Makes a project in FOLDER: an MCP server, a tool to change, and a test of that tool on the sandbox. At a terminal, it
asks for what is missing. It overwrites nothing.

Options:
  --sign-in SIGN_IN  How the server signs in to APS:
                     2lo   as an application
                     ssa   as a secure service account
                     3lo   as each user
                     pkce  as the person who uses it, without a secret
  --package FILE     Install aps-mcp from this file, made by npm pack, instead of from the registry
  --help             Print this`;

/**
 * @param args - the command line after the name of the command
 * @throws {StartupError} if something is missing or invalid, and if the folder is not free
 */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseCommand(args, options);
  if (values.help) return console.log(usage);
  if (positionals.length > 1)
    throw new StartupError(`There must be one folder. Put quotes around a name with spaces. ${example}`);
  const given: Partial<Answers> = { folder: positionals[0], signIn: readSignIn(values['sign-in']) };
  if (given.folder !== undefined) {
    packageName(given.folder);
    checkFree(given.folder);
  }
  if (values.package !== undefined && !existsSync(values.package))
    throw new StartupError(`--package: there is no file ${values.package}. Make one with: npm pack`);

  const answers = isComplete(given) ? given : await askFor(given);
  if (!answers) {
    console.error('Nothing was created.');
    process.exitCode = 130;
    return;
  }
  const { folder, signIn } = answers;
  const apsMcp = values.package && `file:${relative(resolve(folder), values.package).replaceAll('\\', '/')}`;
  writeProject(folder, projectFiles(signIn, { name: packageName(folder), apsMcp }));
  console.log(nextSteps(answers));
}

const isComplete = (answers: Partial<Answers>): answers is Answers =>
  answers.folder !== undefined && answers.signIn !== undefined;

async function askFor(given: Partial<Answers>): Promise<Answers | undefined> {
  if (!(process.stdin.isTTY && process.stdout.isTTY)) {
    const missing = [
      ...(given.folder === undefined ? ['the folder'] : []),
      ...(given.signIn === undefined ? [`--sign-in ${signIns.join('|')}`] : []),
    ].join(' and ');
    throw new StartupError(`Add what is missing: ${missing}. ${example}`);
  }
  // Loaded only to ask.
  const { ask } = await import('./new/ask.ts');
  return ask(given);
}

function nextSteps({ folder, signIn }: Answers): string {
  const { name, file } = toolOf(signIn);
  const path = relative(process.cwd(), folder);
  const enter = path === '' ? '' : `  cd ${/[^\w./\\:-]/.test(path) ? `"${path}"` : path}\n`;
  return `Made a server that signs in with ${signIn}, in ${resolve(folder)}.

Next:
${enter}  npm install
  npm test                    tests your tool on the sandbox
  npm run dev -- --sandbox    starts the server, without an Autodesk account

Your tool is ${name}, in tools/${file}.ts; its test is test/${file}.test.ts.
To call it by hand while the server runs: npx @wong2/mcp-cli --url http://localhost:${portOf(signIn)}/mcp
README.md in that folder explains the rest: your APS application, and which MCP clients can connect.`;
}

function readSignIn(value: string | undefined): Answers['signIn'] | undefined {
  const signIn = signIns.find((each) => each === value);
  if (value !== undefined && !signIn)
    throw new StartupError(`--sign-in must be ${signIns.join(', ')}, not "${value}". ${example}`);
  return signIn;
}
