/**
 * Authorization codes of MCP clients: the code of APS, sealed together with the client that it is for. Nothing about a code
 * is stored until it has been redeemed.
 */
import { z } from 'zod';
import { codeLifetime } from '../../../aps-sign-in/authorization-code-flow.ts';
import { digest } from '../../../digest.ts';
import { createSealed, type Keys } from '../../../sealed.ts';

const codeSchema = z.object({
  /** The code of APS, which APS takes once. */
  code: z.string(),
  /** Our PKCE verifier for it. */
  verifier: z.string(),
  /** The client that asked, as a digest: a registered `client_id` is long. */
  client: z.string(),
  clientName: z.string(),
  /** The digest of the address to which the code was sent. */
  redirectUri: z.string(),
  /** The client's PKCE challenge, S256. */
  codeChallenge: z.string(),
});
export type Code = z.infer<typeof codeSchema>;

export type Codes = {
  seal(code: Code): Promise<string>;
  /** What was sealed; undefined for anything that is not one of our codes, or has expired. */
  open(sealed: string): Promise<Code | undefined>;
  /** Identifies a code, and what was granted for it, without revealing it. */
  idOf(code: Code): string;
  /** Identifies the sign-in that a code is from. */
  signInOf(code: Pick<Code, 'verifier'>): string;
};

export function createCodes(keys: Keys, now?: () => number): Codes {
  const codes = createSealed(keys, 'authorization codes', codeSchema, codeLifetime, now);
  return {
    seal: codes.seal,
    open: async (sealed) => (await codes.open(sealed))?.content,
    idOf: ({ code, verifier }) => digest(`${code} ${verifier}`),
    signInOf: ({ verifier }) => digest(verifier),
  };
}
