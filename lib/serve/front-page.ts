/** The page at `/`, for people who open the server's address in a browser. */
import type { Client } from '@modelcontextprotocol/client';
import { html } from 'hono/html';
import { page } from './page.ts';

/** Says what is served here and how to connect. */
export async function frontPage(client: Client): Promise<Response> {
  const { tools } = await client.listTools();
  return page(
    client.getServerVersion()?.name ?? 'MCP server',
    html`<p>This is a Model Context Protocol (MCP) server. It is made for MCP clients, not for browsers:
        give your client this address, with <code>/mcp</code> at its end.</p>
      <p>${client.getInstructions() ?? ''}</p>
      <h2>Tools</h2>
      <ul>
        ${tools.map((tool) => html`<li><code>${tool.name}</code>: ${tool.description ?? ''}</li>`)}
      </ul>`,
  );
}
