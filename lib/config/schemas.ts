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
export const oneOrZero = () =>
  z
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

/** A resource indicator: an absolute URI without a fragment (RFC 8707, section 2). It stays as it is. */
export const resourceIdentifier = z
  .string()
  .refine((text) => URL.canParse(text) && !/[\s#]/.test(text), 'must be an absolute URI without a fragment');

/** Scopes that can stand in a challenge (RFC 6749, section 3.3). */
export const scopeTokens = z.array(
  z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must list scopes, without quotes or backslashes'),
);

/** Of 32 random bytes, even the hexadecimal digits have more: the chance of fewer is below one in 10^18. */
const leastVariety = 8;

/** A secret that keys are derived from. Length alone is no measure: `xxxx…` is long, too. */
export const sessionSecret = z
  .string()
  .min(32, 'must have at least 32 characters')
  .refine((text) => new Set(text).size >= leastVariety, {
    error: `has fewer than ${leastVariety} different characters, so others can guess it`,
  });

/** Where a store is. */
export const storeUrl = z
  .string()
  .refine(
    (text) =>
      text === 'memory:' ||
      (/^rediss?:\/\/[^/?#]/.test(text) && URL.canParse(text)) ||
      /^file:(\/\/\/)?[^/\s]|^file:\/[^/]/.test(text),
    'must be memory:, file:PATH, redis://HOST or rediss://HOST; in a password, write / as %2F, # as %23, ? as %3F and % as %25',
  )
  // No shell has replaced it: it would be a file or a folder of this name in the working folder.
  .refine((text) => !/^file:~(?![/\\])/.test(text), 'must have a slash after ~, as in file:~/store.db');

/**
 * Claims that no caller can be told by: people can change them, reuse them or share them
 * (https://learn.microsoft.com/entra/identity-platform/claims-validation).
 */
const ambiguousClaims = [
  ...['email', 'name', 'nickname', 'preferred_username', 'unique_name', 'upn'],
  ...['aud', 'azp', 'cid', 'client_id', 'exp', 'iat', 'iss', 'jti', 'nbf', 'scope', 'scp', 'tid'],
];

/** The name of a claim that identifies one person (RFC 7519, section 4). */
export const subjectClaim = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be the name of a claim')
  .refine(
    (claim) => !ambiguousClaims.includes(claim),
    'must be a claim that identifies one person and never changes',
  )
  .default('sub');

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
 * Reads the private key of a service account: a PEM (PKCS#1 or PKCS#8), in Base64 with or without line breaks, or as it is.
 *
 * @throws {Error} whose message completes "APS_SSA_KEY_BASE64 ..." and never contains any of the key
 */
export function readPrivateKey(value: string): KeyObject {
  const pem = pemIn(value);
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

const encode = 'encode the PEM file, for example with: base64 -w 0 private_key.pem';

/**
 * The PEM in a value: as it is, or in Base64.
 *
 * @throws {Error} as {@link readPrivateKey} does
 */
export function pemIn(value: string): string {
  if (value.includes('-----BEGIN')) return withLineBreaks(value);
  const compact = value.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw new Error(`is not Base64: ${encode}`);
  const pem = Buffer.from(compact, 'base64').toString();
  if (!pem.includes('-----BEGIN'))
    throw new Error('is not a PEM file in Base64: the decoded text must begin with -----BEGIN');
  return pem;
}

/** A PEM that has come through a setting: its line breaks may be written as `\n`, or have become blanks. */
function withLineBreaks(text: string): string {
  const pem = text.replaceAll(/(\\r)?\\n/g, '\n').trim();
  // In a .env, a value without quotes ends with its line.
  if (/^-----BEGIN [A-Z ]+-----$/.test(pem))
    throw new Error(`is only the first line of a PEM: put all of it in double quotes, or ${encode}`);
  return pem.replace(
    /(-----BEGIN [A-Z ]+-----)([A-Za-z0-9+/=\s]+)(-----END [A-Z ]+-----)/,
    (_pem, begin: string, body: string, end: string) =>
      [begin, ...(body.replace(/\s/g, '').match(/.{1,64}/g) ?? []), end, ''].join('\n'),
  );
}

/** Undefined for anything that is not a key. OpenSSL's own errors are of little help. */
function parse(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
