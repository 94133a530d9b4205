// The state of the OpenID provider.
import { type Clients, createClients } from './clients.ts';
import { defaultApis, type Habits } from './habits.ts';
import { habitsOf, type OpenIdLikeness } from './likenesses.ts';
import { createSignIns, type SignIns } from './sign-ins.ts';
import { createOpenIdTokens, type OpenIdTokens } from './tokens.ts';

export type OpenIdState = {
  /** In whose way the provider works. */
  habits: Habits;
  /** The addresses of the servers that it protects, for the habits that know any. */
  apis: Set<string>;
  clients: Clients;
  signIns: SignIns;
  tokens: OpenIdTokens;
};

/** The state of a new provider, with its own signing key and no clients that registered themselves. */
export function createOpenIdState(now: () => number, likeness?: OpenIdLikeness): OpenIdState {
  const habits = habitsOf(likeness);
  return {
    habits,
    apis: new Set(defaultApis),
    clients: createClients(habits),
    signIns: createSignIns(now),
    tokens: createOpenIdTokens(now, habits),
  };
}
