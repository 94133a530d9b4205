/** Key pairs that sign tokens. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/**
 * A new key pair, read back from PEM: Node.js 20 can stop forever when it exports a key as a JWK at the moment in which it collects
 * the job that generated it.
 */
export function newKeyPair(algorithm: 'RS256' | 'ES256'): { privateKey: KeyObject; publicKey: KeyObject } {
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const;
  const { privateKey, publicKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding, privateKeyEncoding })
      : generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding });
  return { privateKey: createPrivateKey(privateKey), publicKey: createPublicKey(publicKey) };
}
