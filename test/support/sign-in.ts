/** Signing in as a person does: with a browser of sorts, and a client that asks for it. */
import {
  type Client,
  type ClientOptions,
  type ElicitResult,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { z } from 'zod';
import { connect, connectOver } from './clients.ts';
import { alice } from './people.ts';
import type { Sandbox, SignInChoices } from './sandbox.ts';
import { callerHeader, type Served } from './serving.ts';

/** A page of a server, as a person reads it. */
export type Landing = { status: number; heading: string; text: string; html: string; headers: Headers };

/** Opens an address in a browser of sorts. */
export async function open(address: URL | string): Promise<Landing> {
  const response = await fetch(address);
  const html = await response.text();
  return {
    status: response.status,
    heading: /<h1>([^<]*)<\/h1>/.exec(html)?.[1] ?? '',
    text: html.replaceAll(/<style>.*?<\/style>|<[^>]*>/gs, '').replaceAll(/\s+/g, ' '),
    html,
    headers: response.headers,
  };
}

/** Signs in at the address of a sign-in, and follows the browser back to the server. */
export async function signInAt(sandbox: Sandbox, address: string, choices?: SignInChoices): Promise<Landing> {
  return open(await sandbox.signIn(address, choices));
}

const sampleResult = z.object({
  content: z.tuple([z.object({ type: z.literal('text'), text: z.string() })]),
  isError: z.boolean().optional(),
  structuredContent: z.object({
    result: z.strictObject({ auth_required: z.literal(true), auth_url: z.string(), message: z.string() }),
  }),
});

/** Calls a tool for somebody who must sign in first: the address to open. */
export async function askedAddress(client: Pick<Client, 'callTool'>, name = 'list_hubs'): Promise<string> {
  return sampleResult.parse(await client.callTool({ name })).structuredContent.result.auth_url;
}

/** A client of a caller whom nobody else is, where a server believes its callers: see `callersByHeader`. */
export function connectAsSomebody(
  { url }: Pick<Served, 'url'>,
  mode: VersionNegotiationMode = 'legacy',
): Promise<Client> {
  const requestInit = { headers: { [callerHeader]: crypto.randomUUID() } };
  return connectOver(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit }), mode);
}

/** A client of a new caller, where the server knows callers apart, whose person has signed in. */
export async function signedIn(
  sandbox: Sandbox,
  served: Pick<Served, 'url'>,
  { userId }: { userId: string } = alice,
): Promise<Client> {
  const client = await connectAsSomebody(served);
  await signInAt(sandbox, await askedAddress(client), { userId });
  return client;
}

/** What a person does when their client shows them an address. */
export type Person = (address: string) => ElicitResult['action'] | Promise<ElicitResult['action']>;

/** Options of a client that can take its person to an address. */
export const takesAddresses: ClientOptions = { capabilities: { elicitation: { url: {} } } };

/** Lets `person` answer whenever the client is asked to open an address. */
export function attend(client: Client, person: Person): Client {
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    if (params.mode !== 'url') throw new Error('Only addresses are shown here');
    return { action: await person(params.url) };
  });
  return client;
}

/** A client that can take `person` to an address. */
export async function attended(
  { url }: Pick<Served, 'url'>,
  mode: VersionNegotiationMode,
  person: Person,
): Promise<Client> {
  return attend(await connect(url, mode, takesAddresses), person);
}
