/** Client sign-in with keys that the operator gives to programs: agents, CI jobs, editors. */
import { timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { html } from 'hono/html';
import type { Caller } from '../../caller.ts';
import { commandLine } from '../../command-line.ts';
import type { NamedKey } from '../../config/named-keys.ts';
import { digest } from '../../digest.ts';
import { page } from '../pages/page.ts';
import { bearerTokenIn, jsonRpcRefusal } from './bearer.ts';
import type { ClientSignIn } from './client-sign-in.ts';

export type ApiKeys = {
  /** The keys. A name can have two, while one replaces the other. */
  keys: readonly NamedKey[];
  /** What this server calls itself. */
  name: string;
};

/** What to do without a valid key. Frameworks print it as the message of a JSON-RPC error. */
const advice =
  'This server has no sign-in. Send one of its keys in the header "Authorization: Bearer KEY". Its operator makes a ' +
  `key with: ${commandLine('key', 'NAME')}.`;

/**
 * Accepts the keys as bearer tokens (RFC 6750). The name of a key is the caller.
 *
 * A refusal is 401 with a challenge that names no metadata (RFC 9728), and none is published: there is nothing to sign in
 * to, so no client should begin OAuth.
 */
export function apiKeys({ keys, name: realm }: ApiKeys): ClientSignIn {
  const known = keys.map(({ name, key }) => ({ name, digest: digestOf(key) }));

  /** Compares with every key, and whole digests, so that time tells nothing about any of them. */
  function nameFor(key: string): string | undefined {
    const presented = digestOf(key);
    return known.filter((each) => timingSafeEqual(each.digest, presented))[0]?.name;
  }

  return {
    whoCanCall: `programs with a key: ${listOf(keys)}`,
    howToSignIn:
      'Programs call it with a key, which they send in the header Authorization: Bearer KEY. Ask its operator for one.',
    publicRoutes: noSignIn(),
    async authenticate(request): Promise<Caller | Response> {
      const authorization = request.headers.get('authorization') ?? '';
      const key = bearerTokenIn(authorization);
      const name = key === undefined ? undefined : nameFor(key);
      // The prefix keeps names apart from every other caller: an issuer is an address, the local user has no colon.
      if (name !== undefined) return { id: `key:${name}`, client: name };
      return /^bearer( |$)/i.test(authorization)
        ? refusal(`Bearer realm="${realm}", error="invalid_token"`, `This key is not valid here. ${advice}`)
        : // Without credentials, there is no error to name (RFC 6750, section 3.1).
          refusal(`Bearer realm="${realm}"`, `A key is missing. ${advice}`);
    },
  };
}

/**
 * Clients that find no metadata try the endpoints that MCP 2025-03-26 names, "Fallbacks for Servers without Metadata
 * Discovery". These say what to do to a client that would register, and to a person whose client has a client id.
 */
function noSignIn(): Hono {
  return new Hono()
    .post('/register', cors(), (context) =>
      context.json({ error: 'invalid_request', error_description: advice }, 404),
    )
    .get('/authorize', () =>
      page(
        'This server has no sign-in',
        html`<p>${advice}</p><p class="note">You can close this window.</p>`,
        {
          status: 404,
        },
      ),
    );
}

const digestOf = (key: string) => Buffer.from(digest(key));

/** The names, each with how many keys it has if there are two. */
function listOf(keys: ApiKeys['keys']): string {
  const names = [...new Set(keys.map(({ name }) => name))];
  const keysOf = (name: string) => keys.filter((each) => each.name === name).length;
  return names.map((name) => (keysOf(name) > 1 ? `${name} (${keysOf(name)} keys)` : name)).join(', ');
}

/** RFC 9110, section 15.5.2: a 401 has a challenge. */
function refusal(challenge: string, message: string): Response {
  return jsonRpcRefusal(401, message, { 'www-authenticate': challenge });
}
