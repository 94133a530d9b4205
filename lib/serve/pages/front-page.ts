/** The page at `/`, and at `/mcp` for browsers: what this server is, and how to use it. It reads without a script. */
import { html } from 'hono/html';
import { isLoopback } from '../../config/schemas.ts';
import { accountFormAction } from './account.ts';
import { clientCommands } from './client-commands.ts';
import { faviconPath } from './favicon.ts';
import { cursorAppLink, type HttpServer, vsCodeAppLink } from './install-links.ts';
import { type Markup, page } from './page.ts';
import { toolArguments } from './tool-arguments.ts';

/** What a server says of itself. */
export type ServerDescription = {
  name: string;
  instructions?: string;
  tools: readonly { name: string; description?: string; inputSchema?: unknown }[];
};

/** How it is served. */
export type Service = {
  /** The name on the command line, for the names of entries in clients. */
  serverName: string;
  /** The address for MCP clients, with `/mcp`. */
  address: string;
  /** How MCP clients sign in, in a sentence. */
  howClientsSignIn: string;
  /** Whether clients send a key: then a link cannot add the server. */
  needsKey: boolean;
  /** Addresses to register with the APS application and with the OpenID provider: for the operator, on their own machine. */
  callbackUrls: readonly { name: string; url: string }[];
  /** Whether it runs on the built-in sandbox. */
  isSandbox: boolean;
};

/** Clients without a command. Claude Desktop calls servers from Anthropic's machines. */
function withoutCommand(entry: HttpServer): Markup {
  const { protocol, hostname } = new URL(entry.url);
  return html`${
    protocol === 'https:' && !isLoopback(hostname)
      ? html`<dt>Claude Desktop</dt>
        <dd>If the internet can reach this server: add a custom connector in Settings, Connectors, with the address above.</dd>`
      : ''
  }
        <dt>With a click</dt>
        <dd><a href="${vsCodeAppLink(entry)}">Add to VS Code</a> <a href="${cursorAppLink(entry)}">Add to Cursor</a></dd>`;
}

/**
 * Says what is served here, and how to connect.
 *
 * @param account - the part about the person who reads it, if there is one
 */
export function frontPage(
  { name, instructions = '', tools }: ServerDescription,
  { serverName, address, howClientsSignIn, needsKey, callbackUrls, isSandbox }: Service,
  account: Markup | undefined,
): Promise<Response> {
  const entry = { name: `aps-${serverName}`, url: address };
  return page(
    name,
    html`${isSandbox ? html`<p class="note"><strong>Sample data: this server runs on the built-in sandbox.</strong></p>` : ''}
      <p>This is a Model Context Protocol (MCP) server. It is made for MCP clients: give yours this address.</p>
      <p><code class="copy">${address}</code></p>
      <p>${instructions}</p>
      ${account ?? ''}
      <h2>Connect a client</h2>
      <p>${howClientsSignIn}</p>
      <dl>
        ${clientCommands(entry, { withKey: needsKey }).map(
          ({ title, command }) => html`<dt>${title}</dt>
        <dd><code class="copy">${command}</code></dd>`,
        )}
        ${needsKey ? '' : withoutCommand(entry)}
      </dl>
      ${
        callbackUrls.length > 0
          ? html`<h2>For the operator</h2>
      <dl>
        ${callbackUrls.map(
          ({ name, url }) => html`<dt>${name}</dt>
        <dd><code class="copy">${url}</code></dd>`,
        )}
      </dl>`
          : ''
      }
      <h2>Tools</h2>
      ${tools.map(
        ({ name, description = '', inputSchema }) => html`<section>
        <h3><code>${name}</code></h3>
        <p>${description}</p>
        ${toolArguments(inputSchema)}
      </section>`,
      )}`,
    { formAction: account && accountFormAction, icon: faviconPath },
  );
}
