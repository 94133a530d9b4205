/** Requests of an MCP client to an authorization server, made by hand: they can be wrong wherever a test wants it. */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { clientCallback, type Person } from './oauth-client.ts';
import { alice } from './people.ts';
import { post, type RawAnswer, send, toolCall } from './raw-http.ts';
import { atAutodesk } from './signing-in.ts';

/** The origin of a server. */
type At = { url: string };

/** Parameters of a request: one that is undefined is left out, and one with a list is repeated. */
export type Parameters = Record<string, string | readonly string[] | undefined>;

function encoded(parameters: Parameters): URLSearchParams {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  );
  return new URLSearchParams(pairs);
}

/** A PKCE verifier, and its challenge of the method S256 (RFC 7636). */
export function newPkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** An answer in JSON: OAuth's, of the endpoints that programs call. */
export type JsonAnswer = { status: number; headers: RawAnswer['headers']; json: Record<string, unknown> };

function read({ body, ...answer }: RawAnswer): JsonAnswer {
  return { ...answer, json: z.record(z.string(), z.unknown()).parse(JSON.parse(body)) };
}

/** Registers a client (RFC 7591). */
export async function register({ url }: At, metadata: unknown, headers = {}): Promise<JsonAnswer> {
  const body = typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
  return read(
    await send(`${url}/oauth/register`, {
      ...{ method: 'POST', body },
      headers: { 'content-type': 'application/json', ...headers },
    }),
  );
}

/** The id of a client that has registered. */
export async function newClient(at: At, metadata: Record<string, unknown> = {}): Promise<string> {
  const { json } = await register(at, { redirect_uris: [clientCallback], ...metadata });
  return z.object({ client_id: z.string() }).parse(json).client_id;
}

/** The address that a client sends its person to. All is right with it but for what `changes` say. */
export function authorizeAddress({ url }: At, clientId: string, changes: Parameters = {}): URL {
  const address = new URL('/oauth/authorize', url);
  address.search = encoded({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: clientCallback,
    state: 'the-state',
    code_challenge: newPkce().challenge,
    code_challenge_method: 'S256',
    resource: `${url}/mcp`,
    ...changes,
  }).toString();
  return address;
}

/** Asks the token endpoint. */
export async function askToken({ url }: At, form: Parameters, headers = {}): Promise<JsonAnswer> {
  return read(
    await send(`${url}/oauth/token`, {
      ...{ method: 'POST', body: encoded(form).toString() },
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    }),
  );
}

/** Revokes a token (RFC 7009). */
export function revoke({ url }: At, form: Parameters, headers = {}): Promise<RawAnswer> {
  return send(`${url}/oauth/revoke`, {
    ...{ method: 'POST', body: encoded(form).toString() },
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
}

/** Who signs in, for which client, and where it waits: Alice by default, for a new one. */
type CodeOptions = { person?: Person; clientId?: string; redirectUri?: string };

/** The form with which a client comes for its tokens, after a person has signed in. Good once. */
export async function codeForm(
  at: At,
  {
    clientId,
    redirectUri = clientCallback,
    person = atAutodesk(alice, undefined, redirectUri),
  }: CodeOptions = {},
): Promise<Record<string, string>> {
  const id = clientId ?? (await newClient(at, { redirect_uris: [redirectUri] }));
  const { verifier, challenge } = newPkce();
  const changes = { code_challenge: challenge, redirect_uri: redirectUri };
  const { searchParams } = await person(authorizeAddress(at, id, changes));
  return {
    grant_type: 'authorization_code',
    client_id: id,
    redirect_uri: redirectUri,
    code: z.string().parse(searchParams.get('code')),
    code_verifier: verifier,
    resource: `${at.url}/mcp`,
  };
}

const tokenAnswer = z.object({ access_token: z.string(), refresh_token: z.string() });

/** What a client has when its person has signed in. */
export type Tokens = { clientId: string; access: string; refresh: string };

/** The tokens that the token endpoint gives for a form, which must be right. */
export async function tokensFor(at: At, form: Record<string, string>): Promise<Tokens> {
  const { json } = await askToken(at, form);
  const { access_token: access, refresh_token: refresh } = tokenAnswer.parse(json);
  return { clientId: form.client_id ?? '', access, refresh };
}

/** Signs a person in, and comes for the tokens. */
export async function newTokens(at: At, options?: CodeOptions): Promise<Tokens> {
  return tokensFor(at, await codeForm(at, options));
}

/** The form with which a client renews its tokens. */
export function refreshForm({ clientId, refresh }: Tokens): Record<string, string> {
  return { grant_type: 'refresh_token', client_id: clientId, refresh_token: refresh };
}

/** Calls a tool with an access token. */
export function call({ url }: At, access: string, tool = 'list_hubs'): Promise<RawAnswer> {
  return post(url, toolCall(tool), { authorization: `Bearer ${access}` });
}
