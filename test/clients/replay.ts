/** Replays what a client sends to a server, and sees how far that gets. */
import { SignJWT } from 'jose';
import { z } from 'zod';
import { DocumentRefused } from '../../lib/serve/client-sign-in/autodesk/metadata-document.ts';
import { newKeyPair } from '../support/key-pairs.ts';
import { newPkce } from '../support/oauth-requests.ts';
import { alice } from '../support/people.ts';
import { type RawAnswer, send } from '../support/raw-http.ts';
import { employees } from '../support/sandbox.ts';
import { signInOn } from '../support/signing-in.ts';
import { openBrowser, type Page } from '../support/web-browser.ts';
import { type ClientRequest, type ClientSignInRequests, type Fixture, fixtures } from './fixtures.ts';

/** What was seen. */
export type Observed = {
  /** What it could not get past; undefined if the call of the tool was answered. */
  problem?: string;
  /** Whether the renewed token was good for a call; undefined if the client has nothing to renew with. */
  renewed?: boolean;
  /** How it authenticated at the token endpoint; undefined if it did not get there. */
  authentication?: 'none' | 'private_key_jwt';
};

/** The key of clients that sign assertions. Their own is theirs alone. */
const signing = newKeyPair('RS256');
const kid = 'the-key-of-this-test';

/** What is at the addresses that clients publish: documents, and keys. */
export async function fetchPublished(address: string): Promise<unknown> {
  for (const { document } of fixtures) {
    if (document?.client_id === address) return document;
    if (document?.jwks_uri === address)
      return { keys: [{ ...signing.publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] };
  }
  throw new DocumentRefused('there is nothing');
}

/** Something that the client cannot get past. */
class Stuck extends Error {}

/** What answers bring, as far as clients use it. */
const answerSchema = z
  .object({
    client_id: z.string(),
    access_token: z.string(),
    refresh_token: z.string(),
    authorization_endpoint: z.string(),
    token_endpoint: z.string(),
    token_endpoint_auth_methods_supported: z.array(z.string()),
  })
  .partial();

/** The client sign-ins that every client has requests of its own for. */
export type RecordedMode = 'autodesk' | 'oidc' | 'none';

/**
 * Replays a client against the server at `server`, whose OpenID provider is at the origin `provider`, up to the first call of
 * a tool, and once more with a renewed token. A person has given it `key`, if that is what the server takes.
 */
export async function replay(
  fixture: Fixture,
  mode: RecordedMode | 'key',
  { server, provider, key }: { server: string; provider: string; key?: string },
): Promise<Observed> {
  const { document } = fixture;
  const { requests, refresh } = mode === 'key' ? withKey(fixture) : fixture[mode];
  const { verifier, challenge } = newPkce();
  /** What stands in for `{name}`. */
  const values: Record<string, string> = {
    server,
    provider,
    verifier,
    challenge,
    state: crypto.randomUUID(),
    ...(key && { key }),
  };
  const known: z.infer<typeof answerSchema> = {};
  const observed: Observed = {};

  function learn({ headers, body }: RawAnswer): void {
    if (typeof headers['mcp-session-id'] === 'string') values.session = headers['mcp-session-id'];
    const answer = answerSchema.safeParse(asJson(body)).data;
    if (!answer) return;
    Object.assign(known, answer);
    for (const name of ['client_id', 'access_token', 'refresh_token'] as const)
      if (answer[name] !== undefined) values[name] = answer[name];
    // The recorded ones were spoiled in the same way, so that the program had to renew them.
    if (answer.access_token) values.expired_token = `${answer.access_token.slice(0, -6)}AAAAAA`;
  }

  /** The assertion of a client whose document says that it signs, where the server says that it takes one. */
  async function authenticated(form: Record<string, string>): Promise<Record<string, string>> {
    const signs = document?.jwks_uri && form.client_id === document.client_id;
    const wanted = known.token_endpoint_auth_methods_supported?.includes('private_key_jwt');
    observed.authentication = signs && wanted ? 'private_key_jwt' : 'none';
    if (observed.authentication === 'none') return form;
    const clientId = form.client_id ?? '';
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256', kid })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(known.token_endpoint ?? '')
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(signing.privateKey);
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    return { ...form, client_assertion_type: type, client_assertion: assertion };
  }

  async function make(request: ClientRequest): Promise<RawAnswer> {
    const { to, request: line, headers, json, form, answered } = filledIn(request, values);
    const [method = '', path = ''] = line.split(' ');
    const body = form
      ? new URLSearchParams(await authenticated(form)).toString()
      : json && JSON.stringify(json);
    const answer = await send(`${values[to]}${path}`, { method, headers, body });
    if (!isAsNeeded(answer.status, answered))
      throw new Stuck(`\`${line}\` is answered with ${answer.status}${reasonIn(answer.body)}`);
    learn(answer);
    return answer;
  }

  async function authorize(parameters: Record<string, string>): Promise<void> {
    const asked = filledIn(parameters, values);
    if (!known.authorization_endpoint) throw new Stuck('It does not find the authorization endpoint');
    const address = new URL(known.authorization_endpoint);
    address.search = new URLSearchParams(asked).toString();
    const back = await signedIn(address, asked.redirect_uri ?? '', mode);
    const code = back.searchParams.get('code');
    if (!code) throw new Stuck(`The authorization request is answered with ${errorIn(back)}`);
    if (back.searchParams.get('state') !== asked.state)
      throw new Stuck('The state is not the one that was sent');
    values.code = code;
  }

  try {
    for (const request of requests) {
      if ('authorize' in request) await authorize(request.authorize);
      else expectHubs(request, await make(request));
    }
    const mcp = requests.filter((it) => 'request' in it && it.request.endsWith(' /mcp')) as ClientRequest[];
    if (!mcp.some(({ answered }) => answered === 200)) throw new Stuck('It gives up');
    if (!mcp.some(isCall)) expectHubs(callLike(mcp), await make(callLike(mcp)));
    // Without a refresh token, a client has nothing to renew with.
    if (!refresh || !values.refresh_token) return observed;
    observed.renewed = false;
    const before = values.access_token;
    for (const request of refresh) expectHubs(request, await make(request));
    if (values.access_token === before) throw new Stuck('Renewal brings no new token');
    if (!refresh.some(isCall)) expectHubs(callLike(mcp), await make(callLike(mcp)));
    return { ...observed, renewed: true };
  } catch (error) {
    if (!(error instanceof Stuck)) throw error;
    return { ...observed, problem: error.message };
  }
}

/** `value`, with the `values` that are known in place of `{name}`. */
function filledIn<T>(value: T, values: Record<string, string>): T {
  const text = JSON.stringify(value).replaceAll(/\{(\w+)\}/g, (all, name: string) =>
    values[name] === undefined ? all : JSON.stringify(values[name]).slice(1, -1),
  );
  return JSON.parse(text);
}

/** What a client sends with a valid key: as recorded, or else the same as without client sign-in, and the key. */
function withKey({ key, none }: Fixture): Pick<ClientSignInRequests, 'requests' | 'refresh'> {
  if (key) return { requests: key.valid };
  return {
    requests: none.requests.map((it) =>
      'request' in it ? { ...it, headers: { ...it.headers, ...keyHeader } } : it,
    ),
  };
}

const keyHeader = { authorization: 'Bearer {key}' };

/** What a client without a valid key gets. */
export type Refused = {
  /** What it is told about its call. */
  message: string;
  /** The answers that could lead to a sign-in: anything but the refusals that it must get. There must be none. */
  ways: string[];
};

/** Sends a server with keys what a client sends it with a wrong `key`, or none. */
export async function refusedFrom(fixture: Fixture, server: string, key?: string): Promise<Refused> {
  const ways: string[] = [];
  let message = '';
  for (const each of withoutValidKey(fixture, key)) {
    const { request, headers, json, answered } = filledIn(each, { server, ...(key && { key }) });
    const [method = '', path = ''] = request.split(' ');
    const answer = await send(`${server}${path}`, { method, headers, body: json && JSON.stringify(json) });
    const named = `${answer.headers['www-authenticate']}`.includes('resource_metadata');
    if (answer.status !== answered || named) ways.push(`${request}: ${answer.status}`);
    message = messageSchema.safeParse(asJson(answer.body)).data?.error.message ?? message;
  }
  return { message, ways };
}

/** What a client sends with a wrong `key`, or none: as recorded, or else what it sends to find other client sign-ins. */
function withoutValidKey(fixture: Fixture, key?: string): ClientRequest[] {
  if (fixture.key) return key ? fixture.key.wrong : fixture.key.missing;
  return (['autodesk', 'oidc', 'none'] as const)
    .flatMap((mode) => fixture[mode].requests)
    .filter((it) => 'request' in it)
    .filter(
      // The server names no provider, and the endpoints of tokens come after a sign-in.
      ({ to, headers, form }) => to === 'server' && !form && !/\{\w+\}/.test(JSON.stringify(headers)),
    )
    .map((it) => {
      if (!it.request.endsWith(' /mcp')) return { ...it, answered: 404 };
      return { ...it, headers: { ...it.headers, ...(key && keyHeader) }, answered: 401 };
    });
}

const messageSchema = z.object({ error: z.object({ message: z.string() }) });

/** A challenge must be one, and success success; a client that tries what is not there takes any refusal. */
function isAsNeeded(status: number, needed: number): boolean {
  if (needed === 401) return status === 401;
  return needed < 300 ? status >= 200 && status < 300 : status >= 400 && status < 500;
}

function isCall({ json }: ClientRequest): boolean {
  return json?.method === 'tools/call';
}

/** The call of a client of which none is known: like the last message that it sent to find out about tools. */
function callLike(requests: readonly ClientRequest[]): ClientRequest {
  const model =
    requests.findLast(({ json }) => json?.method === 'tools/list') ??
    requests.findLast(({ json }) => json?.method === 'notifications/initialized');
  if (!model) throw new Stuck('It never asks for tools');
  const { params, ...message } = model.json ?? {};
  const named = 'mcp-method' in model.headers && { 'mcp-method': 'tools/call', 'mcp-name': 'list_hubs' };
  return {
    ...model,
    headers: { ...model.headers, ...named },
    json: {
      ...{ ...message, id: 99, method: 'tools/call' },
      params: { ...(params as object), name: 'list_hubs', arguments: {} },
    },
    answered: 200,
  };
}

/** If it was a call, its answer must be what was asked for. */
function expectHubs(request: ClientRequest, { body }: RawAnswer): void {
  if (isCall(request) && !/"structuredContent":\{"result":\[\{"id"/.test(body))
    throw new Stuck(`The tool is answered with ${body.slice(0, 200)}`);
}

/** What a person does who wants the client to have what it asks for. */
async function signedIn(address: URL, redirectUri: string, mode: string): Promise<URL> {
  const browser = openBrowser();
  const first = await browser.open(address, redirectUri);
  if (first.url.href.startsWith(redirectUri)) return first.url;
  if (!first.html.includes('<form'))
    throw new Stuck(`The authorization request is refused: ${textOf(first)}`);
  if (mode === 'oidc')
    return (await browser.submit(first, { user: employees[0].sub, decision: 'allow' }, redirectUri)).url;
  const apsPage = await browser.submit(first, { decision: 'allow' }, redirectUri);
  return (await signInOn(apsPage, browser, alice.userId, redirectUri)).url;
}

/** The first paragraph of a page. */
function textOf({ status, html }: Page): string {
  const [, paragraph = `status ${status}`] = /<p[^>]*>(.*?)<\/p>/s.exec(html) ?? [];
  return paragraph.replaceAll(/<[^>]*>/g, '').trim();
}

function errorIn({ searchParams }: URL): string {
  return `${searchParams.get('error')}: ${searchParams.get('error_description')}`;
}

function reasonIn(body: string): string {
  const told = z.object({ error: z.string(), error_description: z.string() }).safeParse(asJson(body)).data;
  return told ? `, ${told.error}: ${told.error_description}` : '';
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
