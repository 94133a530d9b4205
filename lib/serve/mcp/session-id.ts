/**
 * Session ids of the handshake era over HTTP. There are no sessions: an id only carries what the client said in the
 * handshake and does not repeat in later requests. It identifies nobody and grants nothing, so it needs no secret, and any
 * instance accepts it, also after a restart (MCP, Security Best Practices, "Session Hijacking").
 */
import type { ClientCapabilities } from '@modelcontextprotocol/server';

/** What a session id tells about its client. */
export type SessionId = {
  /** Whether the client can show its user a URL (URL mode elicitation). */
  urlElicitation: boolean;
};

const urlMark = '.url';

/** Makes an id. Its random part distinguishes the requests of one client from those of another. */
export function createSessionId(capabilities: ClientCapabilities): string {
  return crypto.randomUUID() + (supportsUrlElicitation(capabilities) ? urlMark : '');
}

/** Reads an id. Without one, or with one in another form, nothing is known of the client. */
export function readSessionId(sessionId: string | undefined): SessionId {
  return { urlElicitation: sessionId?.endsWith(urlMark) ?? false };
}

/** Whether a client can show its user a URL. */
export function supportsUrlElicitation(capabilities: ClientCapabilities | undefined): boolean {
  return capabilities?.elicitation?.url !== undefined;
}
