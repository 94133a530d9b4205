/** Links that add a server to a desktop client when somebody opens them. The client asks before it adds anything. */

/** How clients reach a server over HTTP. */
export type HttpServer = {
  /** What the client calls the server, such as `aps-2lo`. */
  name: string;
  /** The address of its MCP endpoint, such as `http://localhost:5000/mcp`. */
  url: string;
};

/**
 * A link that adds a server to VS Code, for pages that block the scheme `vscode:`, such as those of GitHub.
 *
 * @see https://code.visualstudio.com/api/extension-guides/ai/mcp#create-an-mcp-installation-url
 */
export function vsCodeLink({ name, url }: HttpServer): string {
  return withQuery('https://insiders.vscode.dev/redirect/mcp/install', {
    name,
    config: JSON.stringify({ type: 'http', url }),
  });
}

/** The same as {@link vsCodeLink}, straight to the application. */
export function vsCodeAppLink({ name, url }: HttpServer): string {
  return `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name, type: 'http', url }))}`;
}

/**
 * A link that adds a server to Cursor, for pages that block the scheme `cursor:`, such as those of GitHub.
 *
 * @see https://cursor.com/docs/mcp/install-links
 */
export function cursorLink(server: HttpServer): string {
  return withQuery('https://cursor.com/en/install-mcp', cursorQuery(server));
}

/** The same as {@link cursorLink}, straight to the application. */
export function cursorAppLink(server: HttpServer): string {
  return withQuery('cursor://anysphere.cursor-deeplink/mcp/install', cursorQuery(server));
}

function cursorQuery({ name, url }: HttpServer) {
  return { name, config: Buffer.from(JSON.stringify({ url })).toString('base64') };
}

/** Spaces become `%20`: not every application reads `+` as one. */
function withQuery(address: string, query: Record<string, string>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${address}?${pairs.join('&')}`;
}
