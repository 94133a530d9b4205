/** Access tokens for this server: signed JWTs (RFC 9068). */
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type Keys, withAny } from '../../../sealed.ts';

const claimsSchema = z.object({
  grant: z.string(),
  client_id: z.string(),
  scope: z.string(),
  exp: z.number(),
});
/** What an access token says, as far as this server reads it. */
export type AccessClaims = z.infer<typeof claimsSchema>;

export type AccessTokens = {
  /** @param lifetime - in seconds */
  issue(claims: Omit<AccessClaims, 'exp'> & { sub: string }, lifetime: number): Promise<string>;
  /** Verifies an access token. @throws {OAuthError} `invalid_token` */
  claimsOf(accessToken: string): Promise<AccessClaims>;
};

export type AccessTokensOptions = {
  keys: Keys;
  issuer: string;
  /** The MCP server that tokens are issued for. */
  resource: string;
  /** The clock, in milliseconds since 1970. */
  now: () => number;
};

/** The keys of `access tokens` sign them (HS256): only this server reads them. */
export function accessTokens({ keys, issuer, resource, now }: AccessTokensOptions): AccessTokens {
  const signing = 'access tokens';

  return {
    issue({ sub, ...claims }, lifetime) {
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
        .setIssuer(issuer)
        .setAudience(resource)
        .setSubject(sub)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetime)
        .setJti(crypto.randomUUID())
        .sign(keys(signing));
    },

    async claimsOf(accessToken) {
      try {
        const { payload } = await withAny(keys.all(signing), (key) =>
          jwtVerify(accessToken, key, {
            algorithms: ['HS256'],
            typ: 'at+jwt',
            issuer,
            audience: resource,
            requiredClaims: ['exp'],
            currentDate: new Date(now()),
          }),
        );
        return claimsSchema.parse(payload);
      } catch {
        throw new OAuthError(
          OAuthErrorCode.InvalidToken,
          'The token has expired, or was not issued by this server',
        );
      }
    },
  };
}
