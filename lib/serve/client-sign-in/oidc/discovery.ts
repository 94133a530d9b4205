/** Finding an OpenID provider's metadata and its keys (OpenID Connect Discovery 1.0). */
import { createRemoteJWKSet } from 'jose';
import * as oauth from 'oauth4webapi';

/** How long to wait for an answer of the provider, in milliseconds. */
const timeout = 5000;

export type Provider = { server: oauth.AuthorizationServer; keys: ReturnType<typeof createRemoteJWKSet> };

/**
 * Finds the metadata and the address of the keys. The keys are fetched when they are needed.
 *
 * @throws {Error} whose {@link reason} says why the provider is unusable
 */
export async function discover(issuer: string): Promise<Provider> {
  const identifier = new URL(issuer);
  const response = await oauth.discoveryRequest(identifier, {
    [oauth.allowInsecureRequests]: identifier.protocol === 'http:',
    signal: AbortSignal.timeout(timeout),
  });
  const server = await oauth.processDiscoveryResponse(identifier, response);
  const { issuer: named, jwks_uri: address } = server;
  // Character by character, as in its tokens: a slash at the end makes a different issuer.
  if (named !== issuer) throw new Error(`it calls itself ${named}`);
  if (!address) throw new Error('its discovery document names no keys');
  const keys = new URL(address);
  // Otherwise anybody on the way could replace the keys with their own.
  if (identifier.protocol === 'https:' && keys.protocol !== 'https:')
    throw new Error('its discovery document names keys at an address that is not https');
  return { server, keys: createRemoteJWKSet(keys, { timeoutDuration: timeout }) };
}

/** Why a request to the provider failed, in words. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
