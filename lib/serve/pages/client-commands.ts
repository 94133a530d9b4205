/** Commands that add a server to a client by its HTTP address. */
import { shellWord } from '../../command-line.ts';
import type { HttpServer } from './install-links.ts';

/** A client that has such a command. */
export type ClientCommand = {
  /** What `aps-mcp connect` calls the client. */
  name: string;
  /** What people call it. */
  title: string;
  /** The line to type. */
  command: string;
};

type Options = {
  /** Whose shell they are for; a POSIX shell by default. */
  platform?: NodeJS.Platform;
  /** Whether clients send a key. `KEY` stands for it, or a variable that Codex reads. */
  withKey?: boolean;
};

/** Starts MCP Inspector, and brings the Node.js that it needs: on an older one, npm would install an Inspector that crashes. */
export function inspectorCommand(options: string): string {
  return `npx -y -p node@24 -p @modelcontextprotocol/inspector@latest -- mcp-inspector --web ${options}`;
}

/**
 * The command of each client that adds a server for all folders of the person who types it. VS Code has one too, but takes
 * JSON, which no quotes bring through every shell.
 *
 * Codex starts a sign-in at once if the server asks for one, and waits for it.
 */
export function clientCommands(
  server: HttpServer,
  { platform, withKey = false }: Options = {},
): ClientCommand[] {
  const [name, url] = [server.name, server.url].map((word) => shellWord(word, platform));
  const header = withKey ? ' --header "Authorization: Bearer KEY"' : '';
  return [
    {
      name: 'claude-code',
      title: 'Claude Code',
      // --header takes every word after it.
      command: `claude mcp add --scope user --transport http ${name} ${url}${header}`,
    },
    {
      name: 'codex',
      title: withKey ? 'Codex, with the key in the variable APS_MCP_KEY' : 'Codex',
      command: `codex mcp add ${name} --url ${url}${withKey ? ' --bearer-token-env-var APS_MCP_KEY' : ''}`,
    },
    {
      name: 'gemini',
      title: 'Gemini CLI',
      command: `gemini mcp add --scope user --transport http${header} ${name} ${url}`,
    },
    {
      name: 'inspector',
      title: 'MCP Inspector',
      command: inspectorCommand(`--transport http --server-url ${url}${header}`),
    },
  ];
}
