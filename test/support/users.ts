/** Servers whose tokens belong to users, and the people who sign in to them. */
import type {
  Client,
  ClientOptions,
  ElicitResult,
  VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { FastMCP } from 'fastmcp';
import { z } from 'zod';
import { createApsClient } from '../../lib/aps/client.ts';
import { type AuthorizationCode, authorizationCode } from '../../lib/auth/authorization-code.ts';
import type { Caller } from '../../lib/auth/token-source.ts';
import type { BuiltServer } from '../../lib/serve/definition.ts';
import { addDataManagementTools } from '../../lib/tools/data-management.ts';
import { addSignOutTool } from '../../lib/tools/sign-out.ts';
import { demoHubs, demoUsers, type Sandbox, type SignInChoices } from '../../sandbox/index.ts';
import { definition } from '../../servers/3lo.ts';
import { connect } from './clients.ts';
import { hasty, type Served, serve } from './serving.ts';

/** The people of the sandbox, and the ids of the hubs that each of them sees. */
export const people = [
  { userId: 'SBXUSERALICE', hubs: [demoHubs.alice, demoHubs.alicePersonal] },
  { userId: 'SBXUSERBENJI', hubs: [demoHubs.benji] },
  { userId: 'SBXUSERCHIEN', hubs: [demoHubs.chien] },
] as const;
export const [alice, benji, chien] = people;

/** What the sandbox knows of a person. */
export function profileOf({ userId }: { userId: string }) {
  const user = demoUsers.find((it) => it.userId === userId);
  if (!user) throw new Error(`Nobody is ${userId}`);
  return user;
}

/** Serves what `build` makes of its callback address over HTTP on any free port, and registers that address. */
export async function serveUsers(
  sandbox: Sandbox,
  build: (callbackUrl: () => Promise<string>) => BuiltServer,
  options?: Parameters<typeof serve>[1],
): Promise<Served> {
  let callback = '';
  const served = await serve(
    build(async () => callback),
    options,
  );
  callback = `${served.url}/callback`;
  sandbox.registerRedirectUri(callback);
  return served;
}

/** Serves the 3LO server as it is. */
export function serveThreeLegged(
  sandbox: Sandbox,
  { env, secret }: { env?: Record<string, string>; secret?: string } = {},
): Promise<Served> {
  return serveUsers(
    sandbox,
    (callbackUrl) => definition.create({ ...sandbox.env, ...env }, { callbackUrl }),
    { secret },
  );
}

/** What servers/3lo.ts is made of, with a sign-in that is changed, and without waiting between retries. */
export function threeLegged(
  { env }: Pick<Sandbox, 'env'>,
  changes: Partial<AuthorizationCode> & Pick<AuthorizationCode, 'callbackUrl'>,
): Required<BuiltServer> {
  const {
    APS_CLIENT_ID: clientId = '',
    APS_CLIENT_SECRET: clientSecret = '',
    APS_BASE_URL: baseUrl = '',
  } = env;
  const application = { clientId, clientSecret, baseUrl };
  const signIn = authorizationCode({ ...application, scopes: ['data:read'], patience: hasty, ...changes });
  const aps = createApsClient({ baseUrl, tokens: signIn, patience: hasty });
  const server = new FastMCP<Caller>({ name: 'Users', version: '1.0.0' });
  addDataManagementTools(server, aps);
  addSignOutTool(server, signIn);
  return { server, signIn };
}

/** Serves that. */
export function servePatiently(
  sandbox: Sandbox,
  changes: Partial<AuthorizationCode> = {},
  options?: Parameters<typeof serve>[1],
): Promise<Served> {
  return serveUsers(sandbox, (callbackUrl) => threeLegged(sandbox, { callbackUrl, ...changes }), options);
}

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

const hubs = z.object({ structuredContent: z.object({ result: z.array(z.object({ id: z.string() })) }) });

/** The ids of the hubs that a client is shown. */
export async function hubsOf(client: Pick<Client, 'callTool'>): Promise<string[]> {
  return hubIdsIn(await client.callTool({ name: 'list_hubs' }));
}

/** The ids of the hubs in a result. */
export function hubIdsIn(result: unknown): string[] {
  return hubs.parse(result).structuredContent.result.map(({ id }) => id);
}

const words = z.object({
  isError: z.boolean().default(false),
  content: z.tuple([z.object({ text: z.string() })]),
});

/** What a tool says in its only block of text, and whether it failed. */
export async function said(client: Pick<Client, 'callTool'>, name: string) {
  const { isError, content } = words.parse(await client.callTool({ name }));
  return { isError, text: content[0].text };
}

/** A client of its own, whose person has signed in. */
export async function signedIn(
  sandbox: Sandbox,
  { url }: Pick<Served, 'url'>,
  { userId }: { userId: string } = alice,
): Promise<Client> {
  const client = await connect(url, 'legacy');
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
