/** The MCP clients that `aps-mcp connect` knows: where each keeps its servers, and in which form. */
import { posix, win32 } from 'node:path';
import { shellWord } from '../../lib/command-line.ts';
import { inspectorCommand } from '../../lib/serve/pages/client-commands.ts';
import type { Machine } from './machine.ts';
import type { StartCommand } from './start-command.ts';

/** What a client keeps of a server, by the names of its configuration. */
export type Entry = Record<string, string | number | string[] | Record<string, string>>;

/** A client. */
export type Client = {
  /** What people call it. */
  title: string;
  format: 'json' | 'toml';
  /** The name under which its configuration has the servers. */
  key: string;
  /** The path of the configuration for all folders of a person. */
  file(machine: Machine): string;
  /** The path of the configuration of one project, from its folder. */
  projectFile?: string;
  /** A server that the client starts. */
  stdio(start: StartCommand): Entry;
  /** A server at an address; undefined if the configuration has no place for one. */
  http?(url: string): Entry;
  /** What to do next, in a sentence. */
  next(name: string, file: string, machine: Machine): string;
};

const asIs = (start: StartCommand): Entry => ({ ...start });
const withType = (start: StartCommand): Entry => ({ type: 'stdio', ...start });

/** The clients by the names that people type. */
export const clients: Readonly<Record<string, Client>> = {
  // https://modelcontextprotocol.io/docs/develop/connect-local-servers
  'claude-desktop': {
    title: 'Claude Desktop',
    format: 'json',
    key: 'mcpServers',
    file: (machine) => pathIn(claudeDesktopFolder(machine), machine, 'claude_desktop_config.json'),
    stdio: asIs,
    next: () => 'Quit Claude Desktop and start it again. Settings > Developer shows the server.',
  },
  // https://code.claude.com/docs/en/mcp
  'claude-code': {
    title: 'Claude Code',
    format: 'json',
    key: 'mcpServers',
    file: (machine) => pathIn(machine.variables.CLAUDE_CONFIG_DIR || machine.home, machine, '.claude.json'),
    projectFile: '.mcp.json',
    stdio: withType,
    http: (url) => ({ type: 'http', url }),
    next: () => 'Check it: claude mcp list',
  },
  // https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
  vscode: {
    title: 'VS Code',
    format: 'json',
    key: 'servers',
    file: (machine) => pathIn(applicationData(machine), machine, 'Code', 'User', 'mcp.json'),
    projectFile: '.vscode/mcp.json',
    stdio: withType,
    http: (url) => ({ type: 'http', url }),
    next: () => 'Check it: run the command "MCP: List Servers" in VS Code.',
  },
  // https://cursor.com/docs/mcp
  cursor: {
    title: 'Cursor',
    format: 'json',
    key: 'mcpServers',
    file: (machine) => pathIn(machine.home, machine, '.cursor', 'mcp.json'),
    projectFile: '.cursor/mcp.json',
    stdio: withType,
    http: (url) => ({ url }),
    next: () => 'Check it: Cursor Settings > Tools & MCP shows the server.',
  },
  // https://developers.openai.com/codex/mcp
  codex: {
    title: 'Codex',
    format: 'toml',
    key: 'mcp_servers',
    file: (machine) =>
      pathIn(machine.variables.CODEX_HOME || pathIn(machine.home, machine, '.codex'), machine, 'config.toml'),
    projectFile: '.codex/config.toml',
    // Codex waits 10 seconds by default. The first start on a busy machine can take longer.
    stdio: (start) => ({ ...start, startup_timeout_sec: 30 }),
    http: (url) => ({ url }),
    next: () => 'Check it: type /mcp in Codex.',
  },
  // https://geminicli.com/docs/tools/mcp-server
  gemini: {
    title: 'Gemini CLI',
    format: 'json',
    key: 'mcpServers',
    file: (machine) => pathIn(machine.home, machine, '.gemini', 'settings.json'),
    projectFile: '.gemini/settings.json',
    stdio: asIs,
    http: (url) => ({ httpUrl: url }),
    next: () => 'Check it: gemini mcp list',
  },
  // https://github.com/modelcontextprotocol/inspector
  inspector: {
    title: 'MCP Inspector',
    format: 'json',
    key: 'mcpServers',
    file: (machine) => pathIn(machine.home, machine, '.mcp-inspector', 'mcp.json'),
    stdio: withType,
    http: (url) => ({ type: 'streamable-http', url }),
    next: (name, file, { platform }) =>
      `Start it: ${inspectorCommand(`--config ${shellWord(file, platform)} --server ${name}`)}`,
  },
};

/** Joins a path as the platform of the machine does. */
function pathIn(folder: string, { platform }: Machine, ...names: string[]): string {
  return (platform === 'win32' ? win32 : posix).join(folder, ...names);
}

/** Where desktop applications keep their data. */
function applicationData(machine: Machine): string {
  const { platform, home, variables } = machine;
  if (platform === 'darwin') return pathIn(home, machine, 'Library', 'Application Support');
  if (platform === 'win32') return variables.APPDATA || pathIn(home, machine, 'AppData', 'Roaming');
  const { XDG_CONFIG_HOME = '' } = variables;
  // The XDG Base Directory Specification says to ignore relative paths.
  return posix.isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : pathIn(home, machine, '.config');
}

/** On Windows, the app from the store, and from today's installer, sees another folder under the name of `%APPDATA%`. */
function claudeDesktopFolder(machine: Machine): string {
  const { platform, home, variables, list } = machine;
  if (platform === 'win32') {
    const local = variables.LOCALAPPDATA || pathIn(home, machine, 'AppData', 'Local');
    const installed = list(pathIn(local, machine, 'Packages')).find((name) => name.startsWith('Claude_'));
    if (installed) return pathIn(local, machine, 'Packages', installed, 'LocalCache', 'Roaming', 'Claude');
  }
  return pathIn(applicationData(machine), machine, 'Claude');
}
