/** How MCP clients authenticate at the token and revocation endpoints: `none`, or `private_key_jwt` (RFC 7523). */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
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

/** The most assertions that are remembered as used. Beyond it, one could be used again by somebody who has stolen it. */
const mostRemembered = 100_000;

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/** The keys of a client whose document asks for `private_key_jwt`: in the document, or at an address that it names. */
export type ClientKeys = { jwks: JSONWebKeySet } | { jwksUri: string };

export type ClientAuthentication = {
  /**
   * Authenticates a client.
   *
   * @param keys - of a client that must use `private_key_jwt`; undefined for a public client
   * @param form - the body of the request
   * @throws {OAuthError} `invalid_client`
   */
  check(clientId: string, keys: ClientKeys | undefined, form: URLSearchParams): Promise<void>;
};

/**
 * @param audiences - the issuer identifier and the token endpoint: an assertion names one of them, alone
 * @param now - the clock, in milliseconds since 1970
 */
export function createClientAuthentication(
  audiences: readonly string[],
  fetchDocument: FetchDocument,
  now: () => number = () => Date.now(),
): ClientAuthentication {
  const used = new LRUCache<string, true>({ max: mostRemembered });

  async function verified(clientId: string, keys: ClientKeys, assertion: string) {
    const jwks = 'jwks' in keys ? keys.jwks : jwksSchema.parse(await fetchDocument(keys.jwksUri));
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
        if (error instanceof DocumentRefused)
          throw invalidClient(`The keys of this client are unusable: ${error.message}`);
        throw invalidClient('The client assertion is not valid');
      });
      // Alone: an assertion for several audiences could be used by one of them at another.
      if ([aud].flat().length !== 1) throw invalidClient('The client assertion must have one audience');
      const left = exp - now() / 1000;
      if (left > longestLifetime) throw invalidClient('The client assertion is valid for too long');
      const mark = JSON.stringify([clientId, jti]);
      if (used.has(mark)) throw invalidClient('The client assertion has already been used');
      used.set(mark, true, { ttl: (left + clockTolerance) * 1000 });
    },
  };
}

function invalidClient(description: string): OAuthError {
  return new OAuthError(OAuthErrorCode.InvalidClient, description);
}
