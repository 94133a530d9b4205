/** Commands that add a server to a client by its HTTP address. */
import { shellWord } from '../../command-line.ts';
import type { HttpServer } from './install-links.ts';

/** A client that has such a command. */
export type ClientCommand = {
  /** What people call the client. */
  client: string;
  /** The line to type. */
  command: string;
};

/** Starts MCP Inspector, and brings the Node.js that it needs: on an older one, npm would install an Inspector that crashes. */
export function inspectorCommand(options: string): string {
  return `npx -y -p node@24 -p @modelcontextprotocol/inspector@latest -- mcp-inspector --web ${options}`;
}

/**
 * The command of each client that adds a server for all folders of the person who types it.
 *
 * Codex starts a sign-in at once if the server asks for one, and waits for it.
 *
 * @param platform - whose shell they are for; a POSIX shell by default
 */
export function clientCommands({ name, url }: HttpServer, platform?: NodeJS.Platform): ClientCommand[] {
  const [quotedName, quotedUrl] = [name, url].map((word) => shellWord(word, platform));
  const vsCode = JSON.stringify({ name, type: 'http', url });
  return [
    {
      client: 'Claude Code',
      command: `claude mcp add --scope user --transport http ${quotedName} ${quotedUrl}`,
    },
    { client: 'Codex', command: `codex mcp add ${quotedName} --url ${quotedUrl}` },
    {
      client: 'Gemini CLI',
      command: `gemini mcp add --scope user --transport http ${quotedName} ${quotedUrl}`,
    },
    { client: 'VS Code', command: `code --add-mcp ${shellWord(vsCode)}` },
    {
      client: 'MCP Inspector',
      command: inspectorCommand(`--transport http --server-url ${quotedUrl}`),
    },
  ];
}
