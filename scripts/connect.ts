/** `aps-mcp connect CLIENT SERVER`: what to add to the configuration of an MCP client, or adds it. */
import { join, posix, win32 } from 'node:path';
import { commandLine } from '../lib/command-line.ts';
import { clientCommands } from '../lib/serve/pages/client-commands.ts';
import { cursorLink, vsCodeLink } from '../lib/serve/pages/install-links.ts';
import { StartupError } from '../lib/startup-error.ts';
import { type Client, clients, type Entry } from './connect/clients.ts';
import { isObject } from './connect/format.ts';
import { json } from './connect/json.ts';
import { type Machine, thisMachine } from './connect/machine.ts';
import { type Merged, merge, type Place } from './connect/merge.ts';
import { readText, replaceText } from './connect/replace-file.ts';
import { connectLine, hasSettings, settingsFile, startCommand } from './connect/start-command.ts';
import { toml } from './connect/toml.ts';
import { isInPackage } from './package-root.ts';
import { parseCommand } from './parse-command.ts';
import { servers as definitions } from './servers.ts';

export const options = {
  sandbox: { type: 'boolean', default: false },
  url: { type: 'string' },
  name: { type: 'string' },
  project: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** What the command line asks for. */
type Wish = {
  /** The name of the client on the command line. */
  name: string;
  client: Client;
  server: string;
  sandbox: boolean;
  url: string | undefined;
  project: boolean;
};

const servers = Object.keys(definitions);
const names = Object.keys(clients);
const example = `For example: ${commandLine('connect', 'claude-code 2lo --sandbox')}`;

const usage = `Usage: ${commandLine('connect', 'CLIENT SERVER [options]')}

Prints what to add to the configuration of an MCP client, so that it starts a server from any folder. Secrets are not
part of it: the server reads them from its .env.

CLIENT is one of:
${Object.entries(clients)
  .map(([name, { title }]) => `  ${name.padEnd(16)}${title}`)
  .join('\n')}
SERVER is one of: ${servers.join(', ')}

Options:
  --write      Show the change, ask, and write it. Comments and other servers stay
  --yes        With --write: do not ask
  --sandbox    Start the server with the built-in APS sandbox: no Autodesk account, no network
  --url URL    Do not start the server, but use the one at this address, such as http://localhost:5000/mcp
  --name NAME  What the client calls the server (default aps-SERVER, such as aps-2lo)
  --project    Use the configuration of the project in the folder where you type this
  --help       Print this`;

/** @param args - the command line after the name of the command */
export async function run(args: string[]): Promise<void> {
  return connect(args, thisMachine());
}

/**
 * The same for a given machine.
 *
 * @throws {StartupError} that says what is wrong, and what to do
 */
export async function connect(args: string[], machine: Machine): Promise<void> {
  const { values, positionals } = parseCommand(args, options);
  if (values.help) return machine.print(usage);
  const { name, client, server } = readNames(positionals);
  if (values.yes && !values.write)
    throw new StartupError(
      '--yes is for --write: without that, nothing is changed. Add --write, or leave out --yes.',
    );
  const url = values.url === undefined ? undefined : readUrl(values.url, machine);
  const { sandbox, project } = values;
  const wish: Wish = { name, client, server, sandbox, url, project };
  const place: Place = {
    file: configurationFile(wish, args, machine),
    format: client.format === 'toml' ? toml : json,
    path: [client.key, readName(values.name ?? `aps-${server}`)],
  };
  const entry = entryOf(wish, machine);
  if (values.write) {
    if (!(await write(place, entry, values.yes, machine))) return;
  } else {
    machine.print(`Add this to ${place.file}:\n\n${place.format.print(place.path, entry).trimEnd()}\n`);
    machine.print(`Or let this command add it: ${connectLine(machine, [...args, '--write'])}`);
    for (const line of otherWays(wish, place, machine)) machine.print(line);
  }
  for (const line of advice(wish, machine)) machine.print(line);
  if (values.write) machine.print(client.next(place.path[1], place.file, machine));
}

/** Shows the change, asks and writes it. @returns whether the server is there now */
async function write(
  place: Place,
  entry: Entry,
  yes: boolean,
  { print, confirm }: Machine,
): Promise<boolean> {
  const { file, path } = place;
  const before = await readText(file);
  const merged = merge(before, place, entry);
  if (!merged) {
    print(`${path[1]} is already there, in ${file}.`);
    return true;
  }
  print(changeOf(merged, place));
  const question =
    merged.old !== undefined
      ? `There is another server named ${path[1]}. Replace it?`
      : `Add ${path[1]} to ${file}?`;
  if (!yes) {
    if (!confirm)
      throw new StartupError(
        `${question}\nThere is no terminal to answer in, so nothing was changed. To confirm, add --yes.`,
      );
    if (!(await confirm(question))) {
      print('Nothing was changed.');
      return false;
    }
  }
  await replaceText(file, before, merged.text);
  print(`Wrote ${file}.`);
  return true;
}

/** What changes of the server, for people to read. Not the lines of the file: other servers in them may have keys. */
function changeOf({ old, now }: Merged, { file, format, path }: Place): string {
  const linesOf = (value: unknown, sign: string) => {
    if (value === undefined || (isObject(value) && Object.keys(value).length === 0)) return [];
    const lines = format.print(path, value).trimEnd().split('\n');
    return lines.map((line) => `${sign} ${line}`);
  };
  return [file, ...linesOf(old, '-'), ...linesOf(now, '+'), ''].join('\n');
}

function entryOf({ client, server, sandbox, url }: Wish, machine: Machine): Entry {
  if (url === undefined) return client.stdio(startCommand(machine, server, { sandbox }));
  if (sandbox)
    throw new StartupError(
      '--sandbox is for a server that the client starts. Leave it out, or leave out --url.',
    );
  if (!client.http)
    throw new StartupError(
      `The configuration of ${client.title} has no place for an address. Leave out --url, and it starts the server. If ` +
        'the internet can reach yours, you can add its address in Settings > Connectors.',
    );
  return client.http(url);
}

function configurationFile({ client, project }: Wish, args: string[], machine: Machine): string {
  if (!project) {
    const file = client.file(machine);
    if ((machine.platform === 'win32' ? win32 : posix).isAbsolute(file)) return file;
    throw new StartupError(
      `The configuration of ${client.title} would be ${file}, which is not an absolute path. Set HOME, and the variables ` +
        `of ${client.title} if you use them, to absolute paths.`,
    );
  }
  if (client.projectFile !== undefined) {
    if (!isInPackage(machine.folder)) return join(machine.folder, client.projectFile);
    throw new StartupError(
      `--project is for a project of yours, and ${machine.folder} belongs to aps-mcp. Go to the folder of your project, ` +
        `and run this there: ${connectLine(machine, args, { anywhere: true })}`,
    );
  }
  const others = Object.entries(clients).flatMap(([name, { projectFile }]) => (projectFile ? [name] : []));
  throw new StartupError(
    `${client.title} has no configuration for a project. Leave out --project. It is for: ${others.join(', ')}.`,
  );
}

/** How else a client takes an address. */
function otherWays({ name, client, url }: Wish, { path }: Place, { platform }: Machine): string[] {
  if (url === undefined) return [];
  const server = { name: path[1], url };
  const commands = clientCommands(server, { platform }).filter((each) => each.name === name);
  const ways = commands.map(({ command }) => `Or run: ${command}`);
  if (client === clients.vscode) ways.push(`Or open this: ${vsCodeLink(server)}`);
  if (client === clients.cursor) ways.push(`Or open this: ${cursorLink(server)}`);
  return ways;
}

/** What to know of the entry. */
function advice({ client, url, sandbox, project }: Wish, machine: Machine): string[] {
  return [
    client === clients['claude-desktop'] && machine.platform === 'linux'
      ? 'Anthropic has no Claude Desktop for Linux. Unofficial builds look for this file.'
      : '',
    project && url === undefined ? 'The file has paths of this machine in it: do not commit it.' : '',
    url === undefined && !sandbox && !hasSettings(machine)
      ? `There is no ${settingsFile(machine)} yet. Make it from .env.example first: the server reads its settings there.`
      : '',
  ].filter((line) => line !== '');
}

/** @throws {StartupError} for unknown names, and for too few or too many */
function readNames(positionals: string[]): { name: string; client: Client; server: string } {
  const [name = '', server = '', ...others] = positionals;
  const client = Object.hasOwn(clients, name) ? clients[name] : undefined;
  if (!client)
    throw new StartupError(
      `${name ? `There is no client "${name}".` : 'The client is missing.'} Choose one of: ${names.join(', ')}. ${example}`,
    );
  if (!servers.includes(server))
    throw new StartupError(
      `${server ? `There is no server "${server}".` : 'The server is missing.'} Choose one of: ${servers.join(', ')}. ${example}`,
    );
  if (others.length > 0) throw new StartupError(`There must be one client and one server. ${example}`);
  return { name, client, server };
}

/** The address of an MCP endpoint, which clients keep as it is. */
function readUrl(typed: string, { print }: Machine): string {
  const url = URL.canParse(typed) ? new URL(typed) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new StartupError(`--url must be an address such as http://localhost:5000/mcp, not "${typed}".`);
  if (url.username !== '' || url.password !== '')
    throw new StartupError(
      '--url must have no user name and no password: the servers do not use them, and the client would store them. ' +
        'Leave them out.',
    );
  if (url.pathname === '/') {
    url.pathname = '/mcp';
    print(`Clients need the address with /mcp at its end: ${url}`);
  }
  return url.href;
}

/** The names that every client takes. */
function readName(name: string): string {
  if (/^[A-Za-z0-9][\w-]{0,59}$/.test(name)) return name;
  throw new StartupError(
    `--name must be up to 60 letters, digits, "-" and "_", and begin with a letter or digit, not "${name}".`,
  );
}
