// Everything that the OpenID provider knows.
import { type Clients, createClients } from './clients.ts';
import { createSignIns, type SignIns } from './sign-ins.ts';
import { createOpenIdTokens, type OpenIdTokens } from './tokens.ts';

export type OpenIdState = { clients: Clients; signIns: SignIns; tokens: OpenIdTokens };

/** A fresh provider, with a signing key of its own and no clients. */
export function createOpenIdState(now: () => number): OpenIdState {
  return { clients: createClients(), signIns: createSignIns(now), tokens: createOpenIdTokens(now) };
}
