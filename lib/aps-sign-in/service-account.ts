/** Secure Service Accounts (SSA): the server acts as a service account, which has a user's rights without being a person. */
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { BeforeRetryHook } from 'ky';
import * as oauth from 'oauth4webapi';
import { ApsError } from '../aps/errors.ts';
import { commandLine } from '../command-line.ts';
import type { TokenSource } from '../token-source.ts';
import { type ApsApplication, accessTokenFrom, apsOAuth, sharedTokens, signInError } from './oauth.ts';

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * How long an assertion is valid, in seconds. APS allows at most 300 s ahead of its own clock; half of that tolerates a
 * clock that is fast as well as one that is slow.
 */
const assertionLifetime = 150;

/** Clocks that differ by at least this much, in milliseconds, explain a refusal. `Date` headers have whole seconds. */
const harmfulSkew = (assertionLifetime - 2) * 1000;

const advice = {
  invalid_grant:
    'Check that APS_SSA_ID, APS_SSA_KEY_ID and APS_SSA_KEY_BASE64 belong together and to this application, and that ' +
    `the account and the key are enabled: ${commandLine('ssa-setup', '--list')} shows them.`,
};

/**
 * The options of {@link serviceAccount}.
 *
 * @example
 * import { createPrivateKey } from 'node:crypto';
 * import { readFileSync } from 'node:fs';
 * import type { ServiceAccount } from 'aps-mcp';
 *
 * export const account: ServiceAccount = {
 *   clientId: 'YOUR_CLIENT_ID',
 *   clientSecret: 'YOUR_CLIENT_SECRET',
 *   baseUrl: 'https://developer.api.autodesk.com',
 *   accountId: 'ID_OF_THE_ACCOUNT',
 *   keyId: 'ID_OF_ITS_KEY',
 *   privateKey: createPrivateKey(readFileSync('key.pem')),
 *   scopes: ['data:read'],
 * };
 */
export type ServiceAccount = ApsApplication & {
  /** The Client Secret of the application. */
  clientSecret: string;
  /** The id of the service account. */
  accountId: string;
  /** The id of its key. */
  keyId: string;
  /** The private key: RSA, for RS256. */
  privateKey: KeyObject;
  /** What the token can be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

/**
 * A token source for a service account: exchanges a signed JWT assertion for an access token (RFC 7523, section 2.1;
 * https://aps.autodesk.com/en/docs/ssa/v1/developers_guide/overview/). The token acts for the service account, and is the
 * same for every caller.
 *
 * @example
 * import { type apsServiceAccount, type Settings, serviceAccount } from 'aps-mcp';
 *
 * export const tokensFor = (settings: Settings<typeof apsServiceAccount>) =>
 *   serviceAccount({
 *     clientId: settings.APS_CLIENT_ID,
 *     clientSecret: settings.APS_CLIENT_SECRET,
 *     baseUrl: settings.APS_BASE_URL,
 *     accountId: settings.APS_SSA_ID,
 *     keyId: settings.APS_SSA_KEY_ID,
 *     privateKey: settings.APS_SSA_KEY_BASE64,
 *     scopes: ['data:read'],
 *   });
 */
export function serviceAccount(options: ServiceAccount): TokenSource {
  const { scopes, now = Date.now } = options;

  const tokens = sharedTokens(async () => {
    const { server, client, authentication, request } = apsOAuth(options, [newAssertion(options)]);
    const issuedAt = now();
    try {
      const response = await oauth.genericTokenEndpointRequest(
        server,
        client,
        authentication,
        grantType,
        { assertion: await signAssertion(options) },
        request,
      );
      return accessTokenFrom(
        await oauth.processGenericTokenEndpointResponse(server, client, response),
        issuedAt,
      );
    } catch (error) {
      throw clockError(error, now()) ?? (await signInError(error, advice));
    }
  }, now);
  return { ...tokens, scopes };
}

/** APS takes an assertion once: a retry carries a new one. */
function newAssertion(options: ServiceAccount): BeforeRetryHook {
  return async ({ request }) => {
    const form = new URLSearchParams(await request.clone().text());
    form.set('assertion', await signAssertion(options));
    return new Request(request, { body: form });
  };
}

/**
 * Signs an assertion, a JWT with RS256: the application (`iss`) asks the token endpoint (`aud`) for a token that acts as
 * the service account (`sub`) and has these scopes (`scope`), until `exp`. `jti` makes each assertion unique.
 */
export function signAssertion(options: ServiceAccount): Promise<string> {
  const { clientId, accountId, keyId, privateKey, scopes, baseUrl, now = Date.now } = options;
  return new SignJWT({ scope: scopes })
    .setProtectedHeader({ alg: 'RS256', kid: keyId })
    .setIssuer(clientId)
    .setSubject(accountId)
    .setAudience(`${baseUrl}/authentication/v2/token`)
    .setExpirationTime(Math.floor(now() / 1000) + assertionLifetime)
    .setJti(crypto.randomUUID())
    .sign(privateKey);
}

/** The error for a refused assertion, if the `Date` of the refusal shows that this machine's clock is wrong. */
function clockError(error: unknown, now: number): ApsError | undefined {
  if (!(error instanceof oauth.ResponseBodyError) || error.error !== 'invalid_grant') return undefined;
  const skew = now - Date.parse(error.response.headers.get('date') ?? '');
  if (!(Math.abs(skew) >= harmfulSkew)) return undefined;
  const minutes = Math.round(Math.abs(skew) / 60_000);
  return new ApsError(
    `The clock of this machine is ${minutes} minutes ${skew > 0 ? 'ahead of' : 'behind'} that of APS, so APS refused the assertion`,
    {
      status: error.status,
      code: error.error,
      advice: 'Set the clock, or switch on automatic time, and try again.',
    },
  );
}
