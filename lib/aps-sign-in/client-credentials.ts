/** 2-legged sign-in (2LO): the application signs in as itself. */
import * as oauth from 'oauth4webapi';
import type { TokenSource } from '../token-source.ts';
import { type ApsApplication, accessTokenFrom, apsOAuth, sharedTokens, signInError } from './oauth.ts';

/**
 * The options of {@link clientCredentials}.
 *
 * @example
 * import { type ClientCredentials, clientCredentials } from 'aps-mcp';
 *
 * const application: Omit<ClientCredentials, 'scopes'> = {
 *   clientId: 'YOUR_CLIENT_ID',
 *   clientSecret: 'YOUR_CLIENT_SECRET',
 *   baseUrl: 'https://developer.api.autodesk.com',
 * };
 * export const reading = clientCredentials({ ...application, scopes: ['data:read'] });
 */
export type ClientCredentials = ApsApplication & {
  /** The Client Secret of the application. */
  clientSecret: string;
  /** What the token can be used for, e.g. `data:read`. */
  scopes: readonly string[];
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

/**
 * A token source for the client credentials grant: RFC 6749, section 4.4, with HTTP Basic
 * (https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-2-legged-token/). The token belongs to the application, and is
 * the same for every caller.
 *
 * @example
 * import { type apsApplication, clientCredentials, type Settings } from 'aps-mcp';
 *
 * export const tokensFor = (settings: Settings<typeof apsApplication>) =>
 *   clientCredentials({
 *     clientId: settings.APS_CLIENT_ID,
 *     clientSecret: settings.APS_CLIENT_SECRET,
 *     baseUrl: settings.APS_BASE_URL,
 *     scopes: ['data:read'],
 *   });
 */
export function clientCredentials(options: ClientCredentials): TokenSource {
  const { scopes, now = Date.now } = options;

  const tokens = sharedTokens(async () => {
    const { server, client, authentication, request } = apsOAuth(options);
    const issuedAt = now();
    try {
      const response = await oauth.clientCredentialsGrantRequest(
        server,
        client,
        authentication,
        { scope: scopes.join(' ') },
        request,
      );
      return accessTokenFrom(
        await oauth.processClientCredentialsResponse(server, client, response),
        issuedAt,
      );
    } catch (error) {
      throw await signInError(error);
    }
  }, now);
  return { ...tokens, scopes };
}
