/** Session ids of the handshake era: signed tokens, so that no table of sessions is needed. */
import { randomUUID } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

/** What later requests of a session need to know. */
const sessionSchema = z.object({
  /** Random; tells callers apart where nothing better does. */
  id: z.string(),
  /** Whether the client can take its user to an address (URL mode elicitation). */
  urlElicitation: z.boolean(),
  /** The id of the caller who began it, where MCP clients sign in: nobody else may go on with it. */
  caller: z.string().optional(),
});
export type Session = z.infer<typeof sessionSchema>;

export type Sessions = {
  /** The value of `Mcp-Session-Id` for a new session. */
  mint(session: Omit<Session, 'id'>): Promise<string>;
  /** The session of a request's `Mcp-Session-Id`; undefined unless this deployment signed it. */
  read(sessionId: string): Promise<Session | undefined>;
};

/**
 * Mints and reads session ids: compact JWS, HS256 (RFC 7515).
 *
 * @param key - 32 bytes that all instances of a deployment share
 */
export function createSessions(key: Uint8Array): Sessions {
  return {
    mint: (session) =>
      new SignJWT({ id: randomUUID(), ...session })
        .setProtectedHeader({ alg: 'HS256', typ: 'mcp-session' })
        .sign(key),
    async read(sessionId) {
      try {
        const { payload } = await jwtVerify(sessionId, key, { algorithms: ['HS256'], typ: 'mcp-session' });
        return sessionSchema.parse(payload);
      } catch {
        return undefined;
      }
    },
  };
}
