/** A definition made ready to be served: its connections, its callers, and how they are asked to sign in. */
import { hkdfSync, randomBytes } from 'node:crypto';
import type { Client } from '@modelcontextprotocol/client';
import {
  type ClientCapabilities,
  createRequestStateCodec,
  type McpRequestContext,
  type Server,
} from '@modelcontextprotocol/server';
import { type Caller, localUser } from '../auth/token-source.ts';
import type { UserSignIn } from '../auth/user-sign-in.ts';
import { asking, type Way } from './asking.ts';
import { connectionPerCaller, sharedConnection } from './connections.ts';
import type { BuiltServer } from './definition.ts';
import { createForwarder, type Forwarder } from './forward.ts';
import { createSessions, type Session, type Sessions } from './session.ts';

export type Host = Pick<Forwarder, 'cancel' | 'running' | 'idle'> & {
  /** A server for one HTTP request. A handshake-era request of users must have been let in by `sessionOf`. */
  forRequest(context: McpRequestContext): Promise<Server>;
  /** A server for the connection over stdio, whose caller is the person at this machine. */
  forStdio(): Promise<Server>;
  readonly sessions: Sessions;
  /** The session of a handshake-era request; undefined when it has none that this deployment signed. */
  sessionOf(request: Request): Promise<Session | undefined>;
  /** Where the tokens belong to users: their sign-in. */
  readonly signIn?: UserSignIn;
  /** A client that can tell what the definition is. */
  about(): Promise<Client>;
  /** Ends all connections. */
  close(): Promise<void>;
};

/** The state of a question to a client is good for so long, in seconds: as long as the sign-in it asks for. */
const questionLifetime = 600;

/**
 * @param secret - shared by the instances of a deployment, so that each can read what another signed; random,
 *   and so of this process alone, if left out
 * @param mostConnections - how many callers keep a connection while they are silent; a thousand if left out
 */
export function createHost({ server, signIn }: BuiltServer, secret?: string, mostConnections?: number): Host {
  const forwarder = createForwarder();
  const connections = signIn ? connectionPerCaller(server, mostConnections) : sharedConnection(server);
  const root = secret ?? randomBytes(32);
  const sessions = createSessions(keyFor(root, 'sessions'));
  const questions = createRequestStateCodec<{ caller: string }>({
    key: keyFor(root, 'questions'),
    ttlSeconds: questionLifetime,
  });

  async function serverFor(caller: Caller, way: (capabilities: ClientCapabilities | undefined) => Way) {
    const connection = await connections.for(caller);
    if (!signIn) return forwarder.createServer(connection);
    return forwarder.createServer(connection, asking(signIn, caller, way, questions.mint), questions.verify);
  }

  async function sessionOf(request: Request): Promise<Session | undefined> {
    const sessionId = request.headers.get('mcp-session-id');
    return sessionId === null ? undefined : sessions.read(sessionId);
  }

  return {
    cancel: forwarder.cancel,
    idle: forwarder.idle,
    get running() {
      return forwarder.running;
    },
    sessions,
    sessionOf,
    signIn,

    async forRequest({ era, requestInfo }) {
      // In the 2026-07-28 era nothing tells callers apart: on a loopback address, they are one local user.
      if (!signIn || era === 'modern') return serverFor(localUser, byCapabilities);
      // Without a session it can only be the request that asks for one.
      const session = requestInfo && (await sessionOf(requestInfo));
      const caller = { id: session ? `session:${session.id}` : 'nobody' };
      return serverFor(caller, () => (session?.urlElicitation ? 'error' : 'result'));
    },

    forStdio: () => serverFor(localUser, byCapabilities),

    about: async () => (await connections.for(localUser)).client,

    async close() {
      await connections.close();
      signIn?.close();
    },
  };
}

/** Whether a client can take its user to an address: elicitation in URL mode. */
export function takesAddresses(capabilities: ClientCapabilities | undefined): boolean {
  return capabilities?.elicitation?.url !== undefined;
}

function byCapabilities(capabilities: ClientCapabilities | undefined): Way {
  return takesAddresses(capabilities) ? 'input' : 'result';
}

/** A key of its own for each purpose (HKDF, RFC 5869). */
function keyFor(root: string | Buffer, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', root, '', `aps-mcp-servers ${purpose}`, 32));
}
