/** What is known of a client when it makes a request, established once when the request comes in. */
import type { ClientCapabilities } from '@modelcontextprotocol/server';
import type { Caller } from '../../caller.ts';

export type ClientContext = {
  caller: Caller;
  /** The protocol era of a request over HTTP; undefined over stdio, where either era can ask its user anything. */
  era?: 'legacy' | 'modern';
  /** The session id of a request over HTTP: {@link sessionIdOf}. */
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

/**
 * The session id of a request (MCP, Transports, "Session Management": visible ASCII). One of another server works as well
 * as ours; one that is longer than 128 characters, or has other characters in it, counts as none.
 */
export function sessionIdOf(request: Request): string | undefined {
  const sessionId = request.headers.get('mcp-session-id') ?? '';
  return /^[\x21-\x7e]{1,128}$/.test(sessionId) ? sessionId : undefined;
}

const idWithMark = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.url$/;

/** Whether the client behind a session id can show its user a URL. Without an id, or with that of another server, it cannot. */
export function canShowUrl(sessionId: string | undefined): boolean {
  return sessionId !== undefined && idWithMark.test(sessionId);
}

/** Whether a client can show its user a URL (URL mode elicitation). */
export function supportsUrlElicitation(capabilities: ClientCapabilities | undefined): boolean {
  return capabilities?.elicitation?.url !== undefined;
}
