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
import { type Keys, withAny } from '../../sealed.ts';
import type { SignInRequired } from '../../sign-in-required.ts';
import { type ClientContext, canShowUrl, supportsUrlElicitation } from './client-context.ts';

/** A tool call, as far as eliciting a sign-in is concerned. */
export type ElicitedCall = {
  tool: string;
  client: ClientContext;
  context: ServerContext;
  signal: AbortSignal;
  /** When it came in, in milliseconds since 1970. */
  startedAt: number;
};

export type SignInElicitation = {
  /** Verifies the state that clients bring back with their answers. */
  verifyState: NonNullable<ServerOptions['requestState']>['verify'];
  /**
   * Takes the client's answer to an earlier request to sign in, and waits for the sign-in to finish, for a limited time.
   *
   * @returns the result of the call: that the user declined, or the same request again if the sign-in takes longer;
   *   undefined to make the call
   */
  resume(call: ElicitedCall): Promise<CallToolResult | InputRequiredResult | undefined>;
  /**
   * The answer to a call that needs a sign-in. In the handshake era over stdio, the user is asked in the middle of it.
   *
   * @param result - what the tool returned: the result of the Python sample, which works for every client
   * @returns undefined to make the call again: the user has signed in
   * @throws {UrlElicitationRequiredError} -32042, to handshake-era clients over HTTP that can show a URL
   */
  elicit(
    call: ElicitedCall,
    required: SignInRequired,
    capabilities: ClientCapabilities | undefined,
    result: CallToolResult,
  ): Promise<CallToolResult | InputRequiredResult | undefined>;
};

/**
 * How long a call can wait for the person, in milliseconds. Clients give up after 60 seconds, and a progress token does not say
 * that they start counting again.
 */
const longestWait = 45_000;

/** How often a waiting client receives progress, in milliseconds. */
const heartbeat = 5000;

/** How long a request to sign in can be answered, in seconds: as long as its link is valid. */
const stateLifetime = 600;

/** How long its link is shown again, in milliseconds: a person who opens it then still has a minute. */
const linkLifetime = (stateLifetime - 60) * 1000;

/** The key of the sign-in among the inputs of a call. */
const input = 'sign_in';

/** What a request to sign in remembers; `askedAt` is in milliseconds since 1970. */
type State = { caller: string; url: string; askedAt: number };

export function createSignInElicitation(users: UserSignIn, keys: Keys): SignInElicitation {
  const codecWith = (key: Uint8Array) => createRequestStateCodec<State>({ key, ttlSeconds: stateLifetime });
  const purpose = 'sign-in elicitation';
  const codec = codecWith(keys(purpose));

  /** Asks for a sign-in, with state that proves it. */
  async function ask(tool: string, state: State): Promise<InputRequiredResult> {
    return inputRequired({
      inputRequests: { [input]: inputRequired.elicitUrl({ message: reasonFor(tool), url: state.url }) },
      requestState: await codec.mint(state),
    });
  }

  return {
    verifyState: (state, context) =>
      withAny(keys.all(purpose), async (key) => codecWith(key).verify(state, context)),

    async resume({ tool, client: { caller }, context, signal }) {
      const response = inputResponse(context.mcpReq.inputResponses, input);
      const state = context.mcpReq.requestState<State>();
      // The state proves that we asked, and asked this caller.
      if (response.kind !== 'elicit' || state?.caller !== caller.id) return undefined;
      if (response.action !== 'accept') {
        users.declined();
        return declined(tool);
      }
      switch (await waitForSignIn(users, caller, context, signal, longestWait)) {
        case 'signed in':
          return undefined;
        case 'declined':
          return declined(tool);
        case 'not yet':
          // The same link: the person may be in the middle of it. Once it has expired, the call makes a new one.
          return Date.now() - state.askedAt > linkLifetime ? undefined : ask(tool, state);
      }
    },

    async elicit(call, { url }, capabilities, result) {
      const { tool, client, context, startedAt } = call;
      if (client.era === 'legacy') {
        if (!canShowUrl(client.sessionId)) return result;
        throw new UrlElicitationRequiredError(
          [{ mode: 'url', message: reasonFor(tool), url, elicitationId: crypto.randomUUID() }],
          // Some clients show nothing else.
          `${reasonFor(tool)} Open ${url} in a browser, then try again.`,
        );
      }
      if (!supportsUrlElicitation(capabilities)) return result;
      const isHandshakeEra = context.mcpReq.envelope === undefined;
      if (!isHandshakeEra) return ask(tool, { caller: client.caller.id, url, askedAt: startedAt });
      switch (await askInLine(call, url)) {
        case 'signed in':
          return undefined;
        case 'declined':
          return declined(tool);
        case 'not yet':
          return result;
      }
    },
  };

  /** Asks for a sign-in in the middle of a call. What is left of the time is for the answer, and then for the sign-in. */
  async function askInLine({ tool, client, context, signal, startedAt }: ElicitedCall, url: string) {
    const left = () => Math.max(1, startedAt + longestWait - Date.now());
    const question = {
      mode: 'url',
      message: reasonFor(tool),
      url,
      elicitationId: crypto.randomUUID(),
    } as const;
    const answer = await context.mcpReq
      .elicitInput(question, { timeout: left(), signal })
      .catch(() => undefined);
    signal.throwIfAborted();
    if (answer && answer.action !== 'accept') {
      users.declined();
      return 'declined';
    }
    // A person who has not answered may still have signed in.
    return waitForSignIn(users, client.caller, context, signal, answer ? left() : 0);
  }
}

/** Waits for the person to finish, for at most so many milliseconds. */
async function waitForSignIn(
  users: UserSignIn,
  caller: Caller,
  context: ServerContext,
  signal: AbortSignal,
  milliseconds: number,
): Promise<'signed in' | 'declined' | 'not yet'> {
  const progressToken = context.mcpReq._meta?.progressToken;
  const enough = new AbortController();
  const timeout = setTimeout(() => enough.abort(), milliseconds);
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
    return 'signed in';
  } catch (error) {
    if (error instanceof SignInFailed) return 'declined';
    if (!enough.signal.aborted) throw error;
    return 'not yet';
  } finally {
    clearTimeout(timeout);
    clearInterval(beat);
  }
}

function reasonFor(tool: string): string {
  return `Sign in to Autodesk so that ${tool} can read your data.`;
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
