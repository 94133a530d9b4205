// The providers of the real world whose habits the OpenID provider can take on.
import type { Habits } from './habits.ts';
import { habits as auth0 } from './like/auth0.ts';
import { habits as entra } from './like/entra.ts';
import { habits as keycloak } from './like/keycloak.ts';
import { habits as none } from './like/none.ts';
import { habits as okta } from './like/okta.ts';

/** The names for `--openid-like`. */
export const openIdLikenesses = ['entra', 'okta', 'auth0', 'keycloak'] as const;
export type OpenIdLikeness = (typeof openIdLikenesses)[number];

const known: Readonly<Record<OpenIdLikeness, Habits>> = { entra, okta, auth0, keycloak };

/** The habits of a provider; without a name, those of none in particular. */
export function habitsOf(likeness: OpenIdLikeness | undefined): Habits {
  return likeness === undefined ? none : known[likeness];
}
