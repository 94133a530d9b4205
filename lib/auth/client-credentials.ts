/** 2-legged sign-in (2LO): the application signs in as itself. */
import * as oauth from 'oauth4webapi';
import { apsHttp, type Patience } from '../aps/http.ts';
import { accessTokenFrom, apsAuthorizationServer, requestOptions, signInError } from './aps-oauth.ts';
import { sharedTokens, type TokenSource } from './token-source.ts';

/**
 * A token source for the client credentials grant: RFC 6749, section 4.4, with HTTP Basic as APS documents it
 * (https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-2-legged-token/). The token belongs to the
 * application; who calls makes no difference.
 *
 * @param options.scopes - what the token may be used for, e.g. `data:read`
 * @param options.baseUrl - origin of APS, e.g. `https://developer.api.autodesk.com`
 * @param options.now - the clock, in milliseconds since 1970
 */
export function clientCredentials(options: {
  clientId: string;
  clientSecret: string;
  scopes: readonly string[];
  baseUrl: string;
  patience?: Patience;
  now?: () => number;
}): TokenSource {
  const { clientId, clientSecret, scopes, baseUrl, now = Date.now } = options;
  const server = apsAuthorizationServer(baseUrl);
  const client: oauth.Client = { client_id: clientId };
  const authentication = oauth.ClientSecretBasic(clientSecret);
  const request = requestOptions(baseUrl, apsHttp(options.patience));

  return sharedTokens(async () => {
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
      throw signInError(error);
    }
  }, now);
}
