/** Client sign-in with keys that the operator gives to programs: agents, CI jobs, editors. */
import { timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import type { Caller } from '../../caller.ts';
import type { NamedKey } from '../../config/schemas.ts';
import { digest } from '../../digest.ts';
import { bearerTokenIn } from './bearer.ts';
import type { ClientSignIn } from './client-sign-in.ts';

export type ApiKeys = {
  /** The keys. A name can have two, while one replaces the other. */
  keys: readonly NamedKey[];
  /** What this server calls itself. */
  name: string;
};

/** What to do without a key that is good here. Frameworks print it: it is the message of a JSON-RPC error. */
const advice =
  'Send a key of this server in the header "Authorization: Bearer KEY". Whoever runs the server makes one with: ' +
  'npm run key -- NAME. There is no sign-in.';

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
    publicRoutes: new Hono(),
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

const digestOf = (key: string) => Buffer.from(digest(key));

/** The names, each with how many keys it has if there are two. */
function listOf(keys: ApiKeys['keys']): string {
  const names = [...new Set(keys.map(({ name }) => name))];
  const keysOf = (name: string) => keys.filter((each) => each.name === name).length;
  return names.map((name) => (keysOf(name) > 1 ? `${name} (${keysOf(name)} keys)` : name)).join(', ');
}

/** RFC 9110, section 15.5.2: a 401 has a challenge. */
function refusal(challenge: string, message: string): Response {
  return Response.json(
    { jsonrpc: '2.0', error: { code: -32_001, message }, id: null },
    { status: 401, headers: { 'www-authenticate': challenge } },
  );
}
