/** The private key of a service account, as it stands in a setting: Base64 of a PEM. */
import { createPrivateKey, type KeyObject } from 'node:crypto';

/**
 * Reads a Base64 PEM, PKCS#1 or PKCS#8, with or without line breaks in the Base64.
 *
 * @throws {Error} whose message completes "APS_SSA_KEY_BASE64 ..." and never holds any of the key
 */
export function readPrivateKey(base64: string): KeyObject {
  if (base64.includes('-----BEGIN'))
    throw new Error('is the PEM itself: encode it as Base64, for example with: base64 -w 0 private_key.pem');
  const compact = base64.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact))
    throw new Error('is not Base64: encode the PEM file, for example with: base64 -w 0 private_key.pem');
  const pem = Buffer.from(compact, 'base64').toString();
  if (!pem.includes('-----BEGIN'))
    throw new Error('is not the Base64 of a PEM file: its text must begin with -----BEGIN');
  if (pem.includes('ENCRYPTED'))
    throw new Error(
      'is an encrypted key: remove its passphrase first, for example with: openssl rsa -in private_key.pem -out plain.pem',
    );
  if (!pem.includes('PRIVATE KEY'))
    throw new Error('holds no private key: take the file that APS gave out when the key was created');
  const key = parse(pem);
  if (key === undefined) throw new Error('is damaged: the PEM in it cannot be read');
  if (key.asymmetricKeyType !== 'rsa')
    throw new Error('is not an RSA key: service accounts sign with the RSA key that APS gave out');
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
    throw new Error('is too short: RS256 takes RSA keys of 2,048 bits or more');
  return key;
}

/** Undefined for what is no key. OpenSSL's own errors say little, and are not passed on. */
function parse(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
