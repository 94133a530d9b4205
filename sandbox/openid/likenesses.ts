// The real providers that the OpenID provider can behave like.
import type { Habits } from './habits.ts';
import { habits as auth0 } from './like/auth0.ts';
import { habits as entra } from './like/entra.ts';
import { habits as keycloak } from './like/keycloak.ts';
import { habits as none } from './like/none.ts';
import { habits as okta } from './like/okta.ts';

/**
 * The providers that the OpenID provider can behave like: the names for `--openid-like`.
 *
 * @example
 * import { openIdLikenesses, startSandbox } from 'aps-mcp/sandbox';
 *
 * for (const openIdLike of openIdLikenesses) {
 *   const sandbox = await startSandbox({ openIdLike });
 *   console.error(openIdLike, sandbox.openIdIssuer);
 *   await sandbox.close();
 * }
 */
export const openIdLikenesses = ['entra', 'okta', 'auth0', 'keycloak'] as const;
/**
 * The name of a provider in {@link openIdLikenesses}.
 *
 * @example
 * import { type OpenIdLikeness, startSandbox } from 'aps-mcp/sandbox';
 *
 * export const sandboxLike = (openIdLike: OpenIdLikeness) => startSandbox({ openIdLike });
 */
export type OpenIdLikeness = (typeof openIdLikenesses)[number];

const known: Readonly<Record<OpenIdLikeness, Habits>> = { entra, okta, auth0, keycloak };

/** The habits of a provider; without a name, those of none in particular. */
export function habitsOf(likeness: OpenIdLikeness | undefined): Habits {
  return likeness === undefined ? none : known[likeness];
}
