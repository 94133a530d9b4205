// Issues an access token of the OpenID provider without a browser, for curl and for tests.
import { employees, findEmployee } from './employees.ts';
import { ownAudience } from './issuer.ts';
import type { OpenIdTokens } from './tokens.ts';

/** What the token is to say. */
export type OpenIdTokenChoices = {
  /** The `sub` of an employee; default: the first one. */
  user?: string;
  /** What the token is good for, such as the address of an MCP server; default: the userinfo of the provider. */
  audience?: string;
  /** Space-separated, known or not; default `openid profile email mcp:tools`. */
  scope?: string;
  /** Seconds, negative for a token that expired so long ago; default: as long as the tokens of a sign-in live. */
  lifetimeSeconds?: number;
  /** In place of, and beside, the claims that the token would have. One that is undefined is left out. */
  claims?: Record<string, unknown>;
};

/** The `client_id` of tokens that no client asked for. */
const clientId = 'sandbox';

const defaultScope = 'openid profile email mcp:tools';

/** Throws an `Error` when there is no such employee. */
export async function issueUnattended(
  tokens: OpenIdTokens,
  issuer: string,
  usualLifetimeSeconds: number,
  choices: OpenIdTokenChoices = {},
): Promise<string> {
  const { user = employees[0].sub, audience = ownAudience(issuer), scope = defaultScope, claims } = choices;
  const employee = findEmployee(user);
  if (employee === undefined) {
    throw new Error(`Nobody has the sub ${user}, only ${employees.map(({ sub }) => sub).join(', ')}`);
  }
  const { token } = await tokens.signAccessToken({
    issuer,
    employee,
    clientId,
    audience,
    scopes: scope.split(' '),
    lifetimeSeconds: choices.lifetimeSeconds ?? usualLifetimeSeconds,
    claims,
  });
  return token;
}
