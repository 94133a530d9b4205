/** The page at `/`, for people who open the server's address in a browser. */
import { html } from 'hono/html';
import type { Connection } from './connection.ts';

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Says what is served here and how to connect. No script, no outside content; everything is escaped. */
export async function frontPage({ client }: Connection): Promise<Response> {
  const name = client.getServerVersion()?.name ?? 'MCP server';
  const { tools } = await client.listTools();
  const page = await html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${name}</title>
    <style>
      :root { color-scheme: light dark; }
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
      code { font-size: 0.95em; }
    </style>
  </head>
  <body>
    <main>
      <h1>${name}</h1>
      <p>This is a Model Context Protocol (MCP) server. It is made for MCP clients, not for browsers:
        give your client this address, with <code>/mcp</code> at its end.</p>
      <p>${client.getInstructions() ?? ''}</p>
      <h2>Tools</h2>
      <ul>
        ${tools.map((tool) => html`<li><code>${tool.name}</code>: ${tool.description ?? ''}</li>`)}
      </ul>
    </main>
  </body>
</html>`;
  return new Response(String(page), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  });
}
