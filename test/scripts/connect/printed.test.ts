// `aps-mcp connect` without `--write`: it prints what to add, and changes nothing.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@decimalturn/toml-patch';
import { describe, expect, test } from 'vitest';
import { clients } from '../../../scripts/connect/clients.ts';
import { newMachine } from '../../support/connecting.ts';
import { newFolder } from '../../support/folder.ts';
import { pathOf } from '../../support/programs.ts';

const started = {
  command: process.execPath,
  args: [pathOf('scripts/aps-mcp.mjs'), '2lo', '--sandbox', '--transport', 'stdio'],
};
const url = 'http://localhost:5000/mcp';

/** What stands between the empty lines. */
const printedEntry = (text: string) => text.split('\n\n')[1] ?? '';

describe('prints the entry for', () => {
  test.each([
    ['claude-desktop', 'mcpServers', started],
    ['claude-code', 'mcpServers', { type: 'stdio', ...started }],
    ['vscode', 'servers', { type: 'stdio', ...started }],
    ['cursor', 'mcpServers', { type: 'stdio', ...started }],
    ['gemini', 'mcpServers', started],
    ['inspector', 'mcpServers', { type: 'stdio', ...started }],
  ])('%s, with absolute paths and no secret, and writes nothing', async (client, key, entry) => {
    const machine = await newMachine();
    const text = await machine.connect(client, '2lo', '--sandbox');
    expect(JSON.parse(printedEntry(text))).toEqual({ [key]: { 'aps-2lo': entry } });
    expect(await readdir(machine.description.home)).toEqual([]);
  });

  test('codex, with more time to start than it gives by itself', async () => {
    const text = await (await newMachine()).connect('codex', '2lo', '--sandbox');
    expect(parse(text.split('\n\n')[1] ?? '')).toEqual({
      mcp_servers: { 'aps-2lo': { ...started, startup_timeout_sec: 30 } },
    });
  });

  test.each([
    ['claude-code', { type: 'http', url }],
    ['vscode', { type: 'http', url }],
    ['cursor', { url }],
    ['gemini', { httpUrl: url }],
    ['inspector', { type: 'streamable-http', url }],
  ])('%s of a server at an address', async (client, entry) => {
    const text = await (await newMachine()).connect(client, '3lo', '--url', url, '--name', 'work');
    expect(Object.values(JSON.parse(printedEntry(text)))).toEqual([{ work: entry }]);
  });
});

const home = { darwin: '/Users/ada', linux: '/home/ada', win32: 'C:\\Users\\ada' } as const;

describe('names the file of', () => {
  test.each([
    ['claude-desktop', 'darwin', '/Users/ada/Library/Application Support/Claude/claude_desktop_config.json'],
    ['claude-desktop', 'win32', 'C:\\Users\\ada\\AppData\\Roaming\\Claude\\claude_desktop_config.json'],
    ['claude-desktop', 'linux', '/home/ada/.config/Claude/claude_desktop_config.json'],
    ['claude-code', 'darwin', '/Users/ada/.claude.json'],
    ['claude-code', 'win32', 'C:\\Users\\ada\\.claude.json'],
    ['vscode', 'darwin', '/Users/ada/Library/Application Support/Code/User/mcp.json'],
    ['vscode', 'win32', 'C:\\Users\\ada\\AppData\\Roaming\\Code\\User\\mcp.json'],
    ['vscode', 'linux', '/home/ada/.config/Code/User/mcp.json'],
    ['cursor', 'darwin', '/Users/ada/.cursor/mcp.json'],
    ['cursor', 'win32', 'C:\\Users\\ada\\.cursor\\mcp.json'],
    ['codex', 'linux', '/home/ada/.codex/config.toml'],
    ['codex', 'win32', 'C:\\Users\\ada\\.codex\\config.toml'],
    ['gemini', 'linux', '/home/ada/.gemini/settings.json'],
    ['gemini', 'win32', 'C:\\Users\\ada\\.gemini\\settings.json'],
    ['inspector', 'darwin', '/Users/ada/.mcp-inspector/mcp.json'],
  ] as const)('%s on %s', async (client, platform, file) => {
    const machine = await newMachine({ platform, home: home[platform] });
    expect(await machine.connect(client, 'pkce')).toContain(`Add this to ${file}:`);
  });

  test.each([
    ['claude-code', { CLAUDE_CONFIG_DIR: '/etc/claude' }, '/etc/claude/.claude.json'],
    ['codex', { CODEX_HOME: '/etc/codex' }, '/etc/codex/config.toml'],
    ['vscode', { XDG_CONFIG_HOME: '/etc/xdg' }, '/etc/xdg/Code/User/mcp.json'],
    ['vscode', { XDG_CONFIG_HOME: 'xdg' }, '/home/ada/.config/Code/User/mcp.json'],
  ])('%s where variables put it', async (client, variables, file) => {
    const machine = await newMachine({ home: home.linux, variables });
    expect(await machine.connect(client, 'pkce')).toContain(`Add this to ${file}:`);
  });

  test('Claude Desktop in the folder that Windows gives to the packaged application', async () => {
    const machine = await newMachine({
      ...{ platform: 'win32', home: home.win32 },
      list: (folder) => (folder.endsWith('\\Local\\Packages') ? ['Other_1', 'Claude_pzs8sxrjxfjjc'] : []),
    });
    expect(await machine.connect('claude-desktop', '2lo')).toContain(
      'C:\\Users\\ada\\AppData\\Local\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json',
    );
  });

  test.each([
    ['claude-code', '.mcp.json'],
    ['vscode', '.vscode/mcp.json'],
    ['cursor', '.cursor/mcp.json'],
    ['codex', '.codex/config.toml'],
    ['gemini', '.gemini/settings.json'],
  ])('%s in a project', async (client, file) => {
    const machine = await newMachine({ folder: '/home/ada/project' });
    expect(await machine.connect(client, '2lo', '--project')).toContain(`/home/ada/project/${file}:`);
  });
});

test('starts Node.js by the path that Homebrew keeps when it updates', async () => {
  const machine = await newMachine({ node: '/opt/homebrew/Cellar/node@24/24.1.0_1/bin/node' });
  expect(await machine.connect('cursor', '2lo')).toContain('"/opt/homebrew/opt/node@24/bin/node"');
});

test.each([
  ['claude-code', `Or run: claude mcp add --scope user --transport http aps-2lo ${url}`],
  ['codex', `Or run: codex mcp add aps-2lo --url ${url}`],
  ['gemini', `Or run: gemini mcp add --scope user --transport http aps-2lo ${url}`],
  [
    'inspector',
    `Or run: npx -y -p node@24 -p @modelcontextprotocol/inspector@latest -- mcp-inspector --web --transport http --server-url ${url}`,
  ],
])('prints the command of %s that adds an address', async (client, line) => {
  expect(await (await newMachine()).connect(client, '2lo', '--url', url)).toContain(`\n${line}`);
});

test('prints how to start MCP Inspector with its Node.js, once it has the server', async () => {
  const machine = await newMachine({ home: join(await newFolder(), 'ada lovelace') });
  const file = machine.file('.mcp-inspector/mcp.json');
  expect(await machine.connect('inspector', '2lo', '--sandbox', '--write', '--yes')).toContain(
    `Start it: npx -y -p node@24 -p @modelcontextprotocol/inspector@latest -- mcp-inspector --web --config '${file}' --server aps-2lo`,
  );
});

test.each(Object.keys(clients))(
  'says what to do next with %s after it has written, and only then',
  async (client) => {
    const machine = await newMachine();
    const next = /^(Check it|Start it|Quit)\b/m;
    expect(await machine.connect(client, '2lo', '--sandbox')).not.toMatch(next);
    expect(await machine.connect(client, '2lo', '--sandbox', '--write', '--yes')).toMatch(next);
  },
);

test.each([
  ['linux', `'${url}?a=b&c=d'`],
  ['win32', `"${url}?a=b&c=d"`],
] as const)('quotes what is to be typed for the shell of %s', async (platform, word) => {
  const machine = await newMachine({ platform });
  const text = await machine.connect('codex', '2lo', '--url', `${url}?a=b&c=d`);
  expect(text).toMatch(/^Or let this command add it: npm .*$/m);
  expect(text).toContain(`connect -- codex 2lo --url ${word} --write\n`);
  expect(text).toContain(`Or run: codex mcp add aps-2lo --url ${word}`);
});

test('says where the settings of the server have to be, unless they are there, or it has the sandbox', async () => {
  const advice = `There is no ${pathOf('.env')} yet. Make it from .env.example first`;
  const without = await newMachine();
  expect(await without.connect('cursor', '2lo')).toContain(advice);
  expect(await without.connect('cursor', '2lo', '--sandbox')).not.toContain(advice);
  const withSettings = await newMachine({
    list: (folder) => (folder === pathOf('.').replace(/\/$/, '') ? ['.env'] : []),
  });
  expect(await withSettings.connect('cursor', '2lo')).not.toContain(advice);
});

test('adds /mcp to an address without a path, everywhere, and says so', async () => {
  const text = await (await newMachine()).connect('claude-code', '2lo', '--url', 'http://localhost:5000');
  expect(text).toContain(`Clients need the address with /mcp at its end: ${url}\n`);
  expect(JSON.parse(printedEntry(text)).mcpServers['aps-2lo']).toEqual({ type: 'http', url });
  expect(text).toMatch(new RegExp(`Or run: claude mcp add .* ${url}$`));
});

test.each(['vscode', 'cursor'])('offers a link to install a server at an address in %s', async (client) => {
  const text = await (await newMachine()).connect(client, '2lo', '--url', url);
  expect(text).toMatch(/^Or open this: https:\/\/\S+install\S+name=aps-2lo/m);
});

test('says that Anthropic has no Claude Desktop for Linux', async () => {
  expect(await (await newMachine()).connect('claude-desktop', '2lo')).toContain(
    'no Claude Desktop for Linux',
  );
});

test.each([
  ['an empty home', 'codex', { home: '' }],
  ['a relative home', 'vscode', { home: 'ada' }],
  ['a relative folder of the client', 'codex', { home: '/home/ada', variables: { CODEX_HOME: 'codex' } }],
])('refuses %s: paths are absolute', async (_, client, given) => {
  const machine = await newMachine({ ...given, folder: await newFolder() });
  await expect(machine.connect(client, '2lo')).rejects.toThrow('which is not an absolute path. Set HOME');
});

describe('is refused with what to do:', () => {
  test.each([
    [[], 'The client is missing. Choose one of: claude-desktop, claude-code'],
    [['emacs', '2lo'], 'There is no client "emacs". Choose one of: claude-desktop'],
    [['cursor'], 'The server is missing. Choose one of: 2lo, ssa, 3lo, pkce.'],
    [['cursor', '4lo'], 'There is no server "4lo". Choose one of: 2lo, ssa, 3lo, pkce.'],
    [['cursor', '2lo', '3lo'], 'There must be one client and one server.'],
    [['cursor', '2lo', '--name', 'a b'], '--name must be'],
    [['cursor', '2lo', '--yes'], '--yes is for --write'],
    [
      ['cursor', '2lo', '--url', 'localhost:5000'],
      '--url must be an address such as http://localhost:5000/mcp',
    ],
    [
      ['cursor', '2lo', '--url', 'http://ada:secret@localhost:5000/mcp'],
      '--url must have no user name and no password',
    ],
    [['cursor', '2lo', '--url', url, '--sandbox'], '--sandbox is for a server that the client starts.'],
    [['claude-desktop', '2lo', '--url', url], 'has no place for an address. Leave out --url'],
    [['inspector', '2lo', '--project'], 'has no configuration for a project. Leave out --project.'],
  ])('%j', async (args, message) => {
    await expect((await newMachine()).connect(...args)).rejects.toThrow(message);
  });
});
