/** The APS tokens of people who signed in to Autodesk on the way to their MCP client. */
import type { TokenStorage } from 'fastmcp/auth';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { ApsError } from '../aps/errors.ts';
import { apsHttp, type Patience } from '../aps/http.ts';
import { apsAuthorizationServer, requestOptions } from './aps-oauth.ts';
import type { ApsTokens } from './aps-proxy.ts';
import type { Caller } from './token-source.ts';
import type { UserTokens } from './user-sign-in.ts';
import { userTokenStore } from './user-tokens.ts';

/** Whose account it is: OpenID Connect Core, section 5.3. */
const accountSchema = z.object({
  sub: z.string().min(1),
  name: z.string().optional(),
  email: z.string().optional(),
});
export type AutodeskAccount = z.infer<typeof accountSchema>;

export type AccountTokensOptions = {
  clientId: string;
  clientSecret: string;
  /** Origin of APS. */
  baseUrl: string;
  storage: Required<TokenStorage>;
  patience?: Patience;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

export type AccountTokens = UserTokens & {
  /** Whose account tokens are for. @throws {ApsError} when APS does not say */
  accountOf(tokens: ApsTokens): Promise<AutodeskAccount>;
  /** Keeps the tokens of a caller who has signed in, in place of those from before. */
  keep(caller: Caller, tokens: ApsTokens): Promise<void>;
  /** What tells a caller's sign-in from earlier and later ones; undefined if they are not signed in. */
  signInOf(caller: Caller): Promise<string | undefined>;
};

/** Keeps the tokens of each caller, and renews them. */
export function accountTokens(options: AccountTokensOptions): AccountTokens {
  const { clientId, clientSecret, baseUrl, storage, patience, now = Date.now } = options;
  const server = apsAuthorizationServer(baseUrl);
  const client: oauth.Client = { client_id: clientId };
  const authentication = oauth.ClientSecretBasic(clientSecret);
  const request = requestOptions(baseUrl, apsHttp(patience));
  const tokens = userTokenStore({ server, client, authentication, request, storage, now });

  return {
    async get({ id }) {
      const token = await tokens.fresh(id);
      if (token) return token;
      throw new ApsError('Your sign-in with your Autodesk account has ended', {
        advice: 'Sign in again: your MCP client asks for it when it next calls this server.',
      });
    },

    drop: tokens.drop,

    async accountOf({ access_token }) {
      try {
        const response = await oauth.userInfoRequest(server, client, access_token, request);
        return accountSchema.parse(await response.json());
      } catch {
        throw new ApsError('APS did not say whose account it is', { advice: 'Sign in again in a minute.' });
      }
    },

    keep: ({ id }, answer) => tokens.keep(id, answer, now()),

    signInOf: ({ id }) => tokens.signInOf(id),

    signOut: tokens.signOut,
  };
}
