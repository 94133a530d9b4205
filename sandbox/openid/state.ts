// The state of the OpenID provider.
import { type Clients, createClients } from './clients.ts';
import { createSignIns, type SignIns } from './sign-ins.ts';
import { createOpenIdTokens, type OpenIdTokens } from './tokens.ts';

export type OpenIdState = { clients: Clients; signIns: SignIns; tokens: OpenIdTokens };

/** The state of a new provider, with its own signing key and no clients. */
export function createOpenIdState(now: () => number): OpenIdState {
  return { clients: createClients(), signIns: createSignIns(now), tokens: createOpenIdTokens(now) };
}
