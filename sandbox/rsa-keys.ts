// Generates the RSA keys of the sandbox.
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/**
 * A key pair of 2048 bits. It is read back from PEM: Node.js 20 can stop forever when it exports a key as a JWK at the moment in
 * which it collects the job that generated it.
 */
export async function generateRsaKeys(): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  const { privateKey, publicKey } = await generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { privateKey: createPrivateKey(privateKey), publicKey: createPublicKey(publicKey) };
}
