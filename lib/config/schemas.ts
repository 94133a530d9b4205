/** Schemas of settings: addresses, lists, switches, private keys. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
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

/** `on` or `off`; on by default. */
export const onOrOff = () =>
  z
    .enum(['on', 'off'], { error: 'must be on or off' })
    .default('on')
    .transform((value) => value === 'on');

/** `1` or `true`, `0` or `false`; off by default. */
export const oneOrZero = z
  .enum(['0', '1', 'false', 'true'], { error: 'must be 1 or 0' })
  .default('0')
  .transform((value) => value === '1' || value === 'true');

/** A list, separated by commas. */
export const commaSeparated = z
  .string()
  .default('')
  .transform((text) => text.split(',').map((item) => item.trim()))
  .transform((items) => items.filter((item) => item !== ''));

/** A list of names, separated by commas, in lower case. */
export const namesSeparated = commaSeparated.transform((items) => items.map((item) => item.toLowerCase()));

/** A list, separated by spaces or commas. */
export const spaceSeparated = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,]+/).filter((item) => item !== ''));

/** A key with which a program calls, and whose it is. */
export type NamedKey = { name: string; key: string };

/**
 * `name=key` pairs, separated by commas. Two pairs can have the same name, so that a key can be replaced without a refused
 * call. Keys have the characters of bearer tokens (RFC 6750, section 2.1).
 *
 * A message names a pair by its position only: whatever somebody mixes up, none of it is shown.
 */
export const namedKeys = commaSeparated.transform((pairs, context): NamedKey[] => {
  const keys = pairs.map((pair) => {
    const end = pair.indexOf('=');
    return { name: pair.slice(0, end), key: pair.slice(end + 1), isPair: end >= 0 };
  });
  const problem =
    keys.length === 0
      ? 'has no key'
      : keys.map((each, index) => problemOf(each, keys.slice(0, index), index + 1)).find(Boolean);
  if (problem === undefined) return keys.map(({ name, key }) => ({ name, key }));
  context.addIssue(problem);
  return z.NEVER;
});

/** What is wrong with a pair, at a position counted from 1, after those in front of it. */
function problemOf(
  { name, key, isPair }: NamedKey & { isPair: boolean },
  before: readonly NamedKey[],
  position: number,
): string | undefined {
  const pair = `has a mistake in pair ${position}:`;
  if (!isPair) return `${pair} it must be name=key, and no key can contain a comma`;
  // No name is as long as a key, so two that are swapped do not pass.
  if (!/^[a-z\d._-]{1,31}$/.test(name))
    return `${pair} its name must have 1 to 31 of the characters a-z, 0-9, ".", "_" and "-"`;
  if (key.length < 32) return `${pair} its key must have at least 32 characters`;
  if (!/^[\w.~+/-]+=*$/.test(key))
    return `${pair} its key must consist of letters, digits and "-._~+/", with "=" only at its end`;
  if (before.filter((each) => each.name === name).length > 1)
    return `${pair} it is the third with the same name, and two are enough to replace a key`;
  const same = before.find((each) => each.key === key);
  if (same?.name === name) return `${pair} it repeats an earlier pair`;
  if (same) return `${pair} its key is also that of another name`;
  return undefined;
}

/** A private key: {@link readPrivateKey}. */
export const privateKey = z.string().transform((text, context) => {
  try {
    return readPrivateKey(text);
  } catch (error) {
    context.addIssue(error instanceof Error ? error.message : 'cannot be read');
    return z.NEVER;
  }
});

/**
 * Reads the private key of a service account: a PEM (PKCS#1 or PKCS#8) in Base64, with or without line breaks.
 *
 * @throws {Error} whose message completes "APS_SSA_KEY_BASE64 ..." and never contains any of the key
 */
export function readPrivateKey(base64: string): KeyObject {
  if (base64.includes('-----BEGIN'))
    throw new Error('is the PEM itself: encode it as Base64, for example with: base64 -w 0 private_key.pem');
  const compact = base64.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact))
    throw new Error('is not Base64: encode the PEM file, for example with: base64 -w 0 private_key.pem');
  const pem = Buffer.from(compact, 'base64').toString();
  if (!pem.includes('-----BEGIN'))
    throw new Error('is not a PEM file in Base64: the decoded text must begin with -----BEGIN');
  if (pem.includes('ENCRYPTED'))
    throw new Error(
      'is an encrypted key: remove its passphrase first, for example with: openssl rsa -in private_key.pem -out plain.pem',
    );
  if (!pem.includes('PRIVATE KEY'))
    throw new Error('contains no private key: use the file that APS returned when the key was created');
  const key = parse(pem);
  if (key === undefined) throw new Error('is damaged: the PEM in it is unreadable');
  if (key.asymmetricKeyType !== 'rsa')
    throw new Error('is not an RSA key: service accounts sign with the RSA key that APS returned');
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
    throw new Error('is too short: RS256 needs RSA keys of 2,048 bits or more');
  return key;
}

/** Undefined for anything that is not a key. OpenSSL's own errors are of little help. */
function parse(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
