/** A definition made ready to be served: its connections, its callers, and how they are asked to sign in. */
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
import { callerIn } from './client-sign-in/client-sign-in.ts';
import { connectionPerCaller, sharedConnection } from './connections.ts';
import type { BuiltServer } from './definition.ts';
import { createForwarder, type Forwarder } from './forward.ts';
import { createKeys, type Keys } from './keys.ts';
import { createSessions, type Session, type Sessions } from './session.ts';

export type Host = Pick<Forwarder, 'cancel' | 'running' | 'idle'> & {
  /** A server for one HTTP request. A handshake-era request of users must have been let in by `sessionOf`. */
  forRequest(context: McpRequestContext): Promise<Server>;
  /** A server for the connection over stdio, whose caller is the person at this machine. */
  forStdio(): Promise<Server>;
  readonly sessions: Sessions;
  /**
   * The session of a handshake-era request; undefined when it has none that this deployment signed.
   *
   * @param caller - where MCP clients sign in: who calls. The session of anybody else does not count.
   */
  sessionOf(request: Request, caller?: Caller): Promise<Session | undefined>;
  /** Where users sign in to Autodesk in their browsers: those sign-ins. */
  readonly signIn?: UserSignIn;
  /** A client that can tell what the definition is. */
  about(): Promise<Client>;
  /** Ends all connections. */
  close(): Promise<void>;
};

/** The state of a question to a client is good for so long, in seconds: as long as the sign-in it asks for. */
const questionLifetime = 600;

/**
 * @param keys - for what is signed here and read again in later requests
 * @param mostConnections - how many callers keep a connection while they are silent; a thousand if left out
 */
export function createHost(
  { server, signIn: users }: BuiltServer,
  keys: Keys = createKeys(),
  mostConnections?: number,
): Host {
  const forwarder = createForwarder();
  const connections = users ? connectionPerCaller(server, mostConnections) : sharedConnection(server);
  const signIn = users && 'finish' in users ? users : undefined;
  const sessions = createSessions(keys('sessions'));
  const questions = createRequestStateCodec<{ caller: string }>({
    key: keys('questions'),
    ttlSeconds: questionLifetime,
  });

  async function serverFor(caller: Caller, way: (capabilities: ClientCapabilities | undefined) => Way) {
    const connection = await connections.for(caller);
    if (!signIn) return forwarder.createServer(connection);
    return forwarder.createServer(connection, asking(signIn, caller, way, questions.mint), questions.verify);
  }

  async function sessionOf(request: Request, caller?: Caller): Promise<Session | undefined> {
    const sessionId = request.headers.get('mcp-session-id');
    const session = sessionId === null ? undefined : await sessions.read(sessionId);
    return session?.caller === caller?.id ? session : undefined;
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

    async forRequest({ era, requestInfo, authInfo }) {
      const signedIn = callerIn(authInfo);
      // Without client sign-in, nothing tells callers of the 2026-07-28 era apart: on a loopback address, they are one
      // local user.
      if (!users || era === 'modern') return serverFor(signedIn ?? localUser, byCapabilities);
      // Without a session it can only be the request that asks for one.
      const session = requestInfo && (await sessionOf(requestInfo, signedIn));
      const caller = signedIn ?? { id: session ? `session:${session.id}` : 'nobody' };
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
