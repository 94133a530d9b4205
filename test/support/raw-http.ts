/** HTTP as `fetch` does not let one write it: any `Host`, any `Origin`, half a request. */
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export type RawAnswer = { status: number; headers: IncomingHttpHeaders; body: string };

/** Sends one request on a connection of its own and reads the whole answer. */
export async function send(
  url: string | URL,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<RawAnswer> {
  const sent = request(url, { method, headers, agent: false });
  sent.end(body);
  const [answer] = await once(sent, 'response');
  // A server that refuses may close before it has read everything: what it said is there all the same.
  sent.on('error', () => {});
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** Posts a message of MCP. `headers` replace those that a client would send. */
export function post(
  url: string,
  message: unknown,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  return send(new URL('/mcp', url), { method: 'POST', headers: { ...mcpHeaders, ...headers }, body });
}

/** What every client of the handshake era sends with a message. */
export const mcpHeaders = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

/** The message that calls a tool in the handshake era. */
export function toolCall(name: string, args: Record<string, unknown> = {}, meta?: Record<string, unknown>) {
  return {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: args, ...(meta && { _meta: meta }) },
  };
}

/** A bare connection to the server at `url`. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // Whatever the server does with a broken connection is no error of the test.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}
