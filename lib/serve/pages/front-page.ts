/** The page at `/`, for people who open the server's address in a browser. */
import { html } from 'hono/html';
import { page } from './page.ts';

/** What a server says of itself. */
export type ServerDescription = {
  name: string;
  instructions?: string;
  tools: readonly { name: string; description?: string }[];
};

/** Says what is served here and how to connect. */
export function frontPage({ name, instructions = '', tools }: ServerDescription): Promise<Response> {
  return page(
    name,
    html`<p>This is a Model Context Protocol (MCP) server. It is made for MCP clients, not for browsers:
        give your client this address, with <code>/mcp</code> at its end.</p>
      <p>${instructions}</p>
      <h2>Tools</h2>
      <ul>
        ${tools.map((tool) => html`<li><code>${tool.name}</code>: ${tool.description ?? ''}</li>`)}
      </ul>`,
  );
}
