/** What is known of a client when it makes a request, established once when the request comes in. */
import type { ClientCapabilities } from '@modelcontextprotocol/server';
import type { Caller } from '../../caller.ts';

export type ClientContext = {
  caller: Caller;
  /** The protocol era of a request over HTTP; undefined over stdio, where either era can ask its user anything. */
  era?: 'legacy' | 'modern';
  /** The `Mcp-Session-Id` of a request over HTTP. */
  sessionId?: string;
};

/*
 * There are no sessions: a session id only carries what a handshake-era client says in the handshake, and does not repeat
 * in later requests. It identifies nobody and grants nothing, so it needs no secret, and any instance accepts it, also
 * after a restart (MCP, Security Best Practices, "Session Hijacking").
 */
const urlMark = '.url';

/** Makes a session id. Its random part distinguishes the requests of one client from those of another. */
export function createSessionId(capabilities: ClientCapabilities): string {
  return crypto.randomUUID() + (supportsUrlElicitation(capabilities) ? urlMark : '');
}

/** Whether the client behind a session id can show its user a URL. Without an id, or with a made-up one, it cannot. */
export function canShowUrl(sessionId: string | undefined): boolean {
  return sessionId?.endsWith(urlMark) ?? false;
}

/** Whether a client can show its user a URL (URL mode elicitation). */
export function supportsUrlElicitation(capabilities: ClientCapabilities | undefined): boolean {
  return capabilities?.elicitation?.url !== undefined;
}
