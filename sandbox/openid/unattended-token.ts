// Issues access tokens of the OpenID provider without a browser, for curl and tests.
import { employees, findEmployee } from './employees.ts';
import type { OpenIdState } from './state.ts';

/**
 * The contents of a token that the OpenID provider issues without a sign-in.
 *
 * @example
 * import { type OpenIdTokenChoices, startSandbox } from 'aps-mcp/sandbox';
 *
 * const expired: OpenIdTokenChoices = { audience: 'http://localhost:5000/mcp', lifetimeSeconds: -60 };
 * const sandbox = await startSandbox();
 * export const token = await sandbox.openIdToken(expired);
 * await sandbox.close();
 */
export type OpenIdTokenChoices = {
  /** The `sub` of an employee. Default: the first one. */
  user?: string;
  /**
   * For example, the URL of an MCP server. Default: the userinfo endpoint of the provider, or what the provider that it
   * behaves like puts there.
   */
  audience?: string;
  /** Space-separated, not validated. Default `openid profile email mcp:tools`. */
  scope?: string;
  /** Seconds; negative for a token that has already expired. Default: the lifetime of tokens from a sign-in. */
  lifetimeSeconds?: number;
  /** Claims to add or replace. Undefined removes a claim. */
  claims?: Record<string, unknown>;
};

/** The `client_id` of tokens that no client requested. */
const clientId = 'sandbox';

const defaultScope = 'openid profile email mcp:tools';

/** Signs an access token. `usualLifetimeSeconds` is the default lifetime. Rejects with an `Error` for an unknown user. */
export async function issueUnattended(
  { apis, habits, tokens }: Pick<OpenIdState, 'apis' | 'habits' | 'tokens'>,
  issuer: string,
  usualLifetimeSeconds: number,
  choices: OpenIdTokenChoices = {},
): Promise<string> {
  const { user = employees[0].sub, scope = defaultScope, claims } = choices;
  const audience = choices.audience ?? habits.usualAudience(issuer, [...apis]);
  const employee = findEmployee(user);
  if (employee === undefined) {
    throw new Error(`Unknown user ${user}. Choose one of: ${employees.map(({ sub }) => sub).join(', ')}`);
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
