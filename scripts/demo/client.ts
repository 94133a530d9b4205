/** The demo's MCP client: the official one, which prints what it sends. */
import {
  type CallToolResult,
  Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { z } from 'zod';
import { message } from './stage.ts';

/** How a client negotiates the protocol version: see `versionNegotiation` in the SDK. */
export type Mode = NonNullable<NonNullable<ClientOptions['versionNegotiation']>['mode']>;

const rpc = z.object({ method: z.string(), params: z.object({ name: z.string() }).partial().optional() });

/** Summarizes the MCP message in the body of a request. Undefined if there is none. */
export function toldCall(body: unknown): string | undefined {
  if (typeof body !== 'string' || !body.startsWith('{')) return undefined;
  const { data } = rpc.safeParse(JSON.parse(body));
  return data && [data.method, data.params?.name].filter(Boolean).join(' ');
}

/** Opens an address for the user of a client (URL mode elicitation). */
export type ShowAddress = (address: string) => void | Promise<void>;

function createClient(mode: Mode, show?: ShowAddress): Client {
  const client = new Client(
    { name: 'demo', version: '1.0.0' },
    { versionNegotiation: { mode }, capabilities: show ? { elicitation: { url: {} } } : {} },
  );
  if (show)
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      if (params.mode !== 'url') return { action: 'decline' };
      message('client ← server', `asks to open an address: ${params.message}`);
      await show(params.url);
      return { action: 'accept' };
    });
  return client;
}

/**
 * Connects over HTTP and prints every request.
 *
 * @param show - for a client that supports URL mode elicitation
 * @param token - an access token, for a server with client sign-in
 */
export async function connectHttp(url: URL, mode: Mode, show?: ShowAddress, token?: string): Promise<Client> {
  const telling: typeof fetch = (input, init) => {
    const call = toldCall(init?.body);
    if (call) message('client → server', `${init?.method} ${url.pathname}  ${call}`);
    return fetch(input, init);
  };
  const client = createClient(mode, show);
  await client.connect(
    new StreamableHTTPClientTransport(url, {
      fetch: telling,
      requestInit: token ? { headers: { authorization: `Bearer ${token}` } } : {},
    }),
  );
  return client;
}

/** Starts a server as a child process and connects over its stdin and stdout. */
export async function connectStdio(
  args: string[],
  environment: Record<string, string>,
  folder: string,
  mode: Mode,
  show?: ShowAddress,
): Promise<Client> {
  const client = createClient(mode, show);
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args,
      env: environment,
      cwd: folder,
      stderr: 'ignore',
    }),
  );
  return client;
}

/** The list in a tool result. Throws an `Error` if an item does not match the schema. */
export function listIn<Item extends z.ZodType>(result: CallToolResult, item: Item): z.output<Item>[] {
  const list = z.object({ result: z.array(item) }).safeParse(result.structuredContent);
  if (!list.success) throw new Error(`Not a list: ${JSON.stringify(result.content).slice(0, 500)}`);
  return list.data.result;
}

/** The cursor in a tool result. Undefined on the last page. */
export function nextCursorIn(result: CallToolResult): string | undefined {
  return z.object({ next_cursor: z.string().optional() }).parse(result.structuredContent).next_cursor;
}
