/**
 * Kinds of JWT. A provider signs all of them with the same keys, so a signature does not make one an access token (RFC 8725,
 * section 2.8).
 */
import type { JWTPayload } from 'jose';

/** The `typ` of access tokens in headers: of RFC 9068, and of providers older than that. Okta and Cognito send none. */
const types = ['at+jwt', 'jwt', undefined];

/** The claim `typ` of Keycloak's access tokens. Its other kinds have `ID`, `Refresh`, `Offline`, `Logout` and more there. */
const bearerType = 'bearer';

/**
 * Claims of access tokens, which ID tokens do not have. Not all providers send scopes: Auth0 has `permissions` and `gty`,
 * Zitadel `client_id` (github.com/zitadel/zitadel/pull/12180), Entra ID v1.0 and AD FS `appid`, Entra ID v2.0 `azpacr`.
 */
const signs = ['scope', 'scp', 'client_id', 'cid', 'appid', 'azpacr', 'permissions', 'gty'];

/**
 * The same, where the client is named beside it in `azp`. Entra ID puts `roles` into ID tokens too, but no `azp`; `uid` is
 * for authentik (authentik/providers/oauth2/id_token.py).
 */
const signsBesideClient = ['roles', 'uid'];

/**
 * What is wrong with a token that may not be an access token for its bearer; undefined if nothing is. The signature and the
 * registered claims are verified already.
 *
 * @param typ - of the header of the token
 * @param strict - whether RFC 9068 holds to the letter
 */
export function faultOfKind(typ: unknown, claims: JWTPayload, strict: boolean): string | undefined {
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
  if (claims.cnf !== undefined)
    return 'The token is bound to a key (DPoP or mutual TLS), and this server accepts bearer tokens only';
  // Whatever its type: these are the hashes of what was issued beside an ID token (OpenID Connect Core, section 2).
  if (claims.at_hash !== undefined || claims.c_hash !== undefined) return idToken;
  if (isOtherKind(claims)) return otherKind;
  if (strict) return faultByRfc9068(type, claims);
  if (!types.some((known) => known === type)) return otherKind;
  return type === 'at+jwt' || showsAccess(claims) ? undefined : unclear;
}

const otherKind = 'The token is of another kind: send the access token';
const idToken = 'The token is an ID token: send the access token';
const unclear =
  'The token may be an ID token, as it has no scope and no role: send an access token with a scope';

/** Security events and logout tokens (RFC 8417, section 2.2), and what Cognito and Keycloak call other kinds. */
function isOtherKind({ events, token_use, typ }: JWTPayload): boolean {
  return (
    events !== undefined ||
    (token_use !== undefined && token_use !== 'access') ||
    (typeof typ === 'string' && typ.toLowerCase() !== bearerType)
  );
}

/** Whether claims show that a token gives access to something. `nonce` says nothing: Keycloak had it in access tokens. */
function showsAccess(claims: JWTPayload): boolean {
  const has = (name: string) => claims[name] !== undefined;
  return signs.some(has) || (has('azp') && signsBesideClient.some(has));
}

/** RFC 9068, sections 2.1, 2.2 and 4; what is common to all tokens is verified already. */
function faultByRfc9068(type: unknown, { client_id, iat, jti, scope, scp }: JWTPayload): string | undefined {
  if (type !== 'at+jwt') return `${strictly} it is not of the type at+jwt`;
  if (typeof client_id !== 'string' || client_id === '') return `${strictly} it lacks client_id`;
  if (typeof iat !== 'number') return `${strictly} it lacks iat`;
  if (typeof jti !== 'string' || jti === '') return `${strictly} it lacks jti`;
  if ((scope ?? scp) !== undefined && typeof scope !== 'string')
    return `${strictly} its scopes are not a string in scope`;
  return undefined;
}

const strictly = 'The token does not follow RFC 9068, as this server requires (MCP_AUTH_STRICT):';
