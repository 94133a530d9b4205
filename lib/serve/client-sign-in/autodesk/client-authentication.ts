/** How MCP clients authenticate at the token and revocation endpoints: `none`, or `private_key_jwt` (RFC 7523). */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { z } from 'zod';
import { digest } from '../../../digest.ts';
import type { Store } from '../../../store/store.ts';
import { createDocumentCache } from './document-cache.ts';
import { DocumentRefused, type FetchDocument } from './metadata-document.ts';

/** Algorithms with public keys. */
export const assertionAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** RFC 7523, section 2.2. */
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The most that an assertion can be valid for, and clocks can differ, in seconds. */
const longestLifetime = 600;
const clockTolerance = 30;

/** A JSON Web Key Set (RFC 7517, section 5). */
export const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/** The largest key set, in bytes: those with certificates in them, as identity providers publish, have some 20 KiB. */
const largestKeySet = 64 * 1024;

/** The most key sets that are kept. */
const mostKeySets = 200;

/** The keys of a client whose document asks for `private_key_jwt`: in the document, or at an address that it names. */
export type ClientKeys = { jwks: JSONWebKeySet } | { jwksUri: string };

export type ClientAuthentication = {
  /** The `client_id` of a request; undefined if there is none. An assertion names the client too (RFC 7521, section 4.2). */
  clientIdIn(form: URLSearchParams): string | undefined;
  /**
   * Authenticates a client.
   *
   * @param keys - of a client that must use `private_key_jwt`; undefined for a public client
   * @param form - the body of the request
   * @throws {OAuthError} `invalid_client`, or `temporarily_unavailable` if its keys could not be fetched
   */
  check(clientId: string, keys: ClientKeys | undefined, form: URLSearchParams): Promise<void>;
};

/**
 * @param audiences - the issuer identifier and the token endpoint: an assertion names one of them, alone
 * @param store - remembers which assertions were used, at any instance
 * @param now - the clock, in milliseconds since 1970
 */
export function createClientAuthentication(
  audiences: readonly string[],
  fetchDocument: FetchDocument,
  store: Store,
  now: () => number = () => Date.now(),
): ClientAuthentication {
  const keySets = createDocumentCache(
    async (address) => {
      const keySet = jwksSchema.safeParse(await fetchDocument(address, largestKeySet));
      if (!keySet.success) throw new DocumentRefused('they are not a JSON Web Key Set');
      return keySet.data;
    },
    mostKeySets,
    now,
  );

  async function verified(clientId: string, keys: ClientKeys, assertion: string) {
    if ('jwks' in keys) return verifiedWith(keys.jwks, clientId, assertion);
    try {
      return await verifiedWith(await keySets.get(keys.jwksUri), clientId, assertion);
    } catch (error) {
      // The client may have a new key.
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return verifiedWith(await keySets.renew(keys.jwksUri), clientId, assertion);
    }
  }

  async function verifiedWith(jwks: JSONWebKeySet, clientId: string, assertion: string) {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(jwks), {
      algorithms: assertionAlgorithms,
      issuer: clientId,
      subject: clientId,
      audience: [...audiences],
      requiredClaims: ['exp', 'jti'],
      clockTolerance,
      currentDate: new Date(now()),
    });
    return payload;
  }

  return {
    clientIdIn(form) {
      const [clientId, ...more] = form.has('client_id') ? form.getAll('client_id') : subjectsIn(form);
      return more.length === 0 ? clientId || undefined : undefined;
    },

    async check(clientId, keys, form) {
      const assertions = form.getAll('client_assertion');
      if (!keys) {
        if (assertions.length > 0) throw invalidClient('This client has not published a key');
        return;
      }
      const [assertion = '', ...more] = assertions;
      if (form.get('client_assertion_type') !== assertionType || assertion === '' || more.length > 0)
        throw invalidClient('This client must authenticate with private_key_jwt');
      const {
        aud,
        exp = 0,
        jti = '',
      } = await verified(clientId, keys, assertion).catch((error: unknown) => {
        if (error instanceof DocumentRefused) throw unusable(error);
        throw invalidClient('The client assertion is not valid');
      });
      // Alone: an assertion for several audiences could be used by one of them at another.
      if ([aud].flat().length !== 1) throw invalidClient('The client assertion must have one audience');
      const left = exp - now() / 1000;
      if (left > longestLifetime) throw invalidClient('The client assertion is valid for too long');
      const mark = `assertion:${digest(JSON.stringify([clientId, jti]))}`;
      if (!(await store.add(mark, true, Math.ceil(left + clockTolerance))))
        throw invalidClient('The client assertion has already been used');
    },
  };
}

/** Who the assertion of a request says that it is from: nothing is verified yet. */
function subjectsIn(form: URLSearchParams): (string | undefined)[] {
  try {
    return form.getAll('client_assertion').map((assertion) => decodeJwt(assertion).sub);
  } catch {
    return [];
  }
}

function unusable({ message, transient }: DocumentRefused): OAuthError {
  const code = transient ? OAuthErrorCode.TemporarilyUnavailable : OAuthErrorCode.InvalidClient;
  return new OAuthError(code, `The keys of this client are unusable: ${message}`);
}

/** Nobody that this server knows, or not proven to be (RFC 6749, section 5.2). */
export function invalidClient(description: string): OAuthError {
  return new OAuthError(OAuthErrorCode.InvalidClient, description);
}
