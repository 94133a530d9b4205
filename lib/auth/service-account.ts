/** Secure Service Accounts (SSA): the server acts as a service account, which has a user's rights but is nobody. */
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { ApsError } from '../aps/errors.ts';
import { apsHttp, type Patience } from '../aps/http.ts';
import { accessTokenFrom, apsAuthorizationServer, requestOptions, signInError } from './aps-oauth.ts';
import { sharedTokens, type TokenSource } from './token-source.ts';

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * An assertion is good for so long, in seconds. APS takes at most 300 s ahead of its own clock: half of it
 * leaves as much room for a clock that is fast as for one that is slow.
 */
const assertionLifetime = 150;

/** From this difference between the clocks on, in milliseconds, they are why APS refuses; `Date` has whole seconds. */
const harmfulSkew = (assertionLifetime - 2) * 1000;

const advice = {
  invalid_grant:
    'Check that APS_SSA_ID, APS_SSA_KEY_ID and APS_SSA_KEY_BASE64 belong together and to this application, ' +
    'and that the account and the key are enabled: npm run ssa:setup -- --list shows them.',
};

export type ServiceAccount = {
  clientId: string;
  clientSecret: string;
  /** The id of the service account. */
  accountId: string;
  /** The id of its key. */
  keyId: string;
  privateKey: KeyObject;
  /** What the token may be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** Origin of APS, e.g. `https://developer.api.autodesk.com`. */
  baseUrl: string;
  patience?: Patience;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

/**
 * A token source for a service account: a signed JWT assertion, exchanged for an access token (RFC 7523,
 * section 2.1; https://aps.autodesk.com/en/docs/ssa/v1/developers_guide/overview/). The token acts for the
 * service account; who calls makes no difference.
 */
export function serviceAccount(options: ServiceAccount): TokenSource {
  const { clientId, clientSecret, baseUrl, now = Date.now } = options;
  const server = apsAuthorizationServer(baseUrl);
  const client: oauth.Client = { client_id: clientId };
  const authentication = oauth.ClientSecretBasic(clientSecret);
  const http = apsHttp(options.patience).extend({
    hooks: {
      // An assertion is taken once: what is sent again carries another.
      beforeRetry: [
        async ({ request }) => {
          const form = new URLSearchParams(await request.clone().text());
          form.set('assertion', await signAssertion(options));
          return new Request(request, { body: form });
        },
      ],
    },
  });
  const request = requestOptions(baseUrl, http);

  return sharedTokens(async () => {
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
      throw clockError(error, now()) ?? signInError(error, advice);
    }
  }, now);
}

/**
 * The assertion, a JWT signed with RS256: who asks (`iss`, the application), as whom (`sub`, the service account), where
 * (`aud`, the token endpoint), for what (`scope`), and until when (`exp`). `jti` makes each one different.
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

/** A refused assertion, when the `Date` of the refusal shows that this machine's clock is to blame. */
function clockError(error: unknown, now: number): ApsError | undefined {
  if (!(error instanceof oauth.ResponseBodyError) || error.error !== 'invalid_grant') return undefined;
  const skew = now - Date.parse(error.response.headers.get('date') ?? '');
  if (!(Math.abs(skew) >= harmfulSkew)) return undefined;
  const minutes = Math.round(Math.abs(skew) / 60_000);
  return new ApsError(
    `The clock of this machine is ${minutes} minutes ${skew > 0 ? 'ahead of' : 'behind'} APS’s, and APS refused the assertion that it dated`,
    {
      status: error.status,
      code: error.error,
      advice: 'Set the clock, best by switching on automatic time, and try again.',
    },
  );
}
