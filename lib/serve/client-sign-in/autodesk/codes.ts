/** Authorization codes as MCP clients get them: the proxy's code, sealed together with whom it is for. */
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';

const codeSchema = z.object({
  /** The proxy's code, which is good once. */
  code: z.string(),
  /** The client that asked. */
  clientId: z.string(),
  clientName: z.string(),
  /** Where it got the code. */
  redirectUri: z.string(),
  /** The proxy's name for it. */
  proxyClient: z.string(),
});
export type Code = z.infer<typeof codeSchema>;

export type Codes = {
  seal(code: Code): Promise<string>;
  /** What was sealed; undefined for what is no code of ours, or has expired. */
  open(sealed: string): Promise<Code | undefined>;
};

/** How long a client may take to come for its tokens, as `jose` writes it. */
const lifetime = '5m';

/** @param key - 32 bytes; seals with A256GCM (RFC 7516) */
export function createCodes(key: Uint8Array): Codes {
  return {
    seal: (code) =>
      new EncryptJWT(code)
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'mcp-code' })
        .setExpirationTime(lifetime)
        .encrypt(key),

    async open(sealed) {
      try {
        const { payload } = await jwtDecrypt(sealed, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
          typ: 'mcp-code',
          requiredClaims: ['exp'],
        });
        return codeSchema.parse(payload);
      } catch {
        return undefined;
      }
    },
  };
}
