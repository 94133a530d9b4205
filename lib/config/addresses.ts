/** Addresses that stand in settings, or come from clients: which ones are this machine, which ones are safe. */
import { z } from 'zod';

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Whether a host name (IPv6 in brackets, as in URLs) always means this machine. */
export function isLoopback(hostname: string): boolean {
  return loopback.test(hostname);
}

/**
 * A schema for addresses that receive credentials or tokens: https, or http on this machine.
 *
 * @param error - what to say of any other address
 */
export function secureUrl(error: string) {
  return z
    .url({ protocol: /^https?$/, error: 'is not an http(s) address', abort: true })
    .refine((address) => new URL(address).protocol === 'https:' || isLoopback(new URL(address).hostname), {
      error,
    });
}

/** The same, for an address without a path: it is read as an origin, without a slash at its end. */
export function secureOrigin(error: string) {
  return secureUrl(error)
    .refine((address) => new URL(address).href === `${new URL(address).origin}/`, {
      error: 'must be an origin, without a path',
    })
    .transform((address) => new URL(address).origin);
}
