/** Sign-in elicitation: *sign-in required*, shown in the best way that a client supports. */
import {
  type CallToolResult,
  type ClientCapabilities,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
  type ServerOptions,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/server';
import { SignInFailed, type UserSignIn } from '../../aps-sign-in/user-sign-in.ts';
import type { Caller } from '../../caller.ts';
import type { Keys } from '../../sealed.ts';
import type { SignInRequired } from '../../sign-in-required.ts';
import { type ClientContext, canShowUrl, supportsUrlElicitation } from './client-context.ts';

/** A tool call, as far as eliciting a sign-in is concerned. */
export type ElicitedCall = {
  tool: string;
  client: ClientContext;
  context: ServerContext;
  signal: AbortSignal;
};

export type SignInElicitation = {
  /** Verifies the state that clients bring back with their answers. */
  verifyState: NonNullable<ServerOptions['requestState']>['verify'];
  /**
   * Takes the client's answer to an earlier request to sign in, and waits for the sign-in to finish.
   *
   * @returns the result of the call when the user declined; undefined to make the call
   */
  resume(call: ElicitedCall): Promise<CallToolResult | undefined>;
  /**
   * The answer to a call that needs a sign-in.
   *
   * @param result - what the tool returned: the result of the Python sample, which works for every client
   * @throws {UrlElicitationRequiredError} -32042, to handshake-era clients over HTTP that can show a URL
   */
  elicit(
    call: ElicitedCall,
    required: SignInRequired,
    capabilities: ClientCapabilities | undefined,
    result: CallToolResult,
  ): Promise<CallToolResult | InputRequiredResult>;
};

/** How long to wait for the person to finish, in milliseconds. */
const longestWait = 120_000;

/** How often a waiting client receives progress, in milliseconds. */
const heartbeat = 5000;

/** How long a request to sign in can be answered, in seconds: as long as its link is valid. */
const stateLifetime = 600;

/** The key of the sign-in among the inputs of a call. */
const input = 'sign_in';

export function createSignInElicitation(users: UserSignIn, keys: Keys): SignInElicitation {
  const codec = createRequestStateCodec<{ caller: string }>({
    key: keys('sign-in elicitation'),
    ttlSeconds: stateLifetime,
  });

  return {
    verifyState: codec.verify,

    async resume({ tool, client: { caller }, context, signal }) {
      const response = inputResponse(context.mcpReq.inputResponses, input);
      const state = context.mcpReq.requestState<{ caller: string }>();
      // The state proves that we asked, and asked this caller.
      if (response.kind !== 'elicit' || state?.caller !== caller.id) return undefined;
      const signedIn = response.action === 'accept' && (await waitForSignIn(users, caller, context, signal));
      return signedIn ? undefined : declined(tool);
    },

    async elicit({ tool, client }, { url }, capabilities, result) {
      const message = `Sign in to Autodesk so that ${tool} can read your data.`;
      if (client.era === 'legacy') {
        if (!canShowUrl(client.sessionId)) return result;
        throw new UrlElicitationRequiredError([
          { mode: 'url', message, url, elicitationId: crypto.randomUUID() },
        ]);
      }
      if (!supportsUrlElicitation(capabilities)) return result;
      return inputRequired({
        inputRequests: { [input]: inputRequired.elicitUrl({ message, url }) },
        requestState: await codec.mint({ caller: client.caller.id }),
      });
    },
  };
}

/**
 * Waits for the person to finish, for a limited time. Whether they did shows when the tool is called.
 *
 * @returns false when they declined at Autodesk
 */
async function waitForSignIn(
  users: UserSignIn,
  caller: Caller,
  context: ServerContext,
  signal: AbortSignal,
): Promise<boolean> {
  const progressToken = context.mcpReq._meta?.progressToken;
  const enough = new AbortController();
  const timeout = setTimeout(() => enough.abort(), longestWait);
  // Progress must grow, and the tool may count from 1 afterwards.
  let beats = 0;
  const beat = setInterval(() => {
    beats += 1;
    if (progressToken === undefined) return;
    const params = {
      progressToken,
      progress: beats / 1000,
      message: 'Waiting for the sign-in in the browser',
    };
    context.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  }, heartbeat);
  try {
    await users.signedIn(caller, AbortSignal.any([signal, enough.signal]));
    return true;
  } catch (error) {
    if (error instanceof SignInFailed) return false;
    if (!enough.signal.aborted) throw error;
    return true;
  } finally {
    clearTimeout(timeout);
    clearInterval(beat);
  }
}

function declined(tool: string): CallToolResult {
  return {
    isError: true,
    content: [
      {
        type: 'text',
        text: `The user did not sign in to Autodesk, so ${tool} cannot read their data. Do not ask again unless they want to.`,
      },
    ],
  };
}
