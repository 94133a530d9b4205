/**
 * Asking a user to sign in: one answer of the tools, *sign-in required*, shown in the best way that the client
 * can take it.
 */
import {
  type CallToolResult,
  type ClientCapabilities,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
  type Tool,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Caller } from '../auth/token-source.ts';
import { SignInFailed, signInField, type UserSignIn } from '../auth/user-sign-in.ts';

/** How a client can be asked. */
export type Way =
  /** It shows the address, and retries: an `input_required` result of 2026-07-28, or over stdio in either era. */
  | 'input'
  /** It shows the address: the error -32042 of the handshake era over HTTP. */
  | 'error'
  /** Nothing is known of it: the result of the Python sample, with the address in it. */
  | 'result';

/** How long a retry waits for the person to finish, in milliseconds. */
const longestWait = 120_000;

/** How often a waiting client hears that it is still waited for, in milliseconds. */
const heartbeat = 5000;

/** The key of the sign-in among the inputs of a call. */
const input = 'sign_in';

const signInRequired = z.object({ [signInField]: z.string() });

/** One tool call, as far as asking needs to know it. */
export type AskedCall = {
  tool: string;
  context: ServerContext;
  /** What the client can do, as far as it is known here. */
  capabilities: ClientCapabilities | undefined;
  signal: AbortSignal;
};

export type Asking = {
  /** Makes a tool call with `run`, and asks for a sign-in where it turns out to be required. */
  call(call: AskedCall, run: () => Promise<CallToolResult>): Promise<CallToolResult | InputRequiredResult>;
  /** What a tool says of itself: that its result may be a request to sign in. */
  describe(tool: Tool): Tool;
};

/**
 * Asks for the sign-in of one caller.
 *
 * @param way - how a client with these capabilities can be asked
 * @param seal - makes the state that an `input_required` result carries, which the client must bring back
 */
export function asking(
  signIn: UserSignIn,
  caller: Caller,
  way: (capabilities: ClientCapabilities | undefined) => Way,
  seal: (state: { caller: string }) => Promise<string>,
): Asking {
  return {
    async call({ tool, context, capabilities, signal }, run) {
      const response = inputResponse(context.mcpReq.inputResponses, input);
      const state = context.mcpReq.requestState<{ caller: string }>();
      // An answer counts only if the question was ours, and put to this caller: that is what the state proves.
      if (response.kind === 'elicit' && state?.caller === caller.id) {
        if (response.action !== 'accept') return declined(tool);
        if (!(await waitForSignIn(signIn, caller, context, signal))) return declined(tool);
      }
      const result = await run();
      const address = addressIn(result);
      if (address === undefined) return result;
      const message = `Sign in to Autodesk, so that ${tool} can read your data.`;
      switch (way(capabilities)) {
        case 'input':
          return inputRequired({
            inputRequests: { [input]: inputRequired.elicitUrl({ message, url: address }) },
            requestState: await seal({ caller: caller.id }),
          });
        case 'error':
          throw new UrlElicitationRequiredError([
            { mode: 'url', message, url: address, elicitationId: crypto.randomUUID() },
          ]);
        case 'result':
          return sampleResult(tool, address);
      }
    },

    describe(tool) {
      const { properties } = listingSchema.safeParse(tool.outputSchema).data ?? {};
      if (!tool.outputSchema || !properties) return tool;
      const result = { anyOf: [properties.result, signInSchema] };
      return { ...tool, outputSchema: { ...tool.outputSchema, properties: { ...properties, result } } };
    },
  };
}

/** The output schema of a tool whose result is under `result`, which is where the Python sample asks. */
const listingSchema = z.object({ properties: z.looseObject({ result: z.looseObject({}) }) });

/** The address, if a tool's result says that a sign-in is required. */
function addressIn({ isError, structuredContent }: CallToolResult): string | undefined {
  return isError ? signInRequired.safeParse(structuredContent).data?.[signInField] : undefined;
}

/**
 * Waits until the person has finished, a while at most; whether they have shows when the tool is called.
 *
 * @returns false when they said no at Autodesk
 */
async function waitForSignIn(
  signIn: UserSignIn,
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
    await signIn.signedIn(caller, AbortSignal.any([signal, enough.signal]));
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

/** What the Python sample answers, field by field and word by word: its clients look for it. */
function sampleResult(tool: string, address: string): CallToolResult {
  const result = {
    auth_required: true,
    auth_url: address,
    message: `Open auth_url in a browser to authenticate, then call ${tool} again.`,
  };
  return { content: [{ type: 'text', text: JSON.stringify(result) }], structuredContent: { result } };
}

/** The JSON Schema of that result. */
const signInSchema = {
  type: 'object',
  description: 'Instead of the list, when the user must sign in first: open auth_url in a browser.',
  properties: {
    auth_required: { type: 'boolean', const: true },
    auth_url: { type: 'string' },
    message: { type: 'string' },
  },
  required: ['auth_required', 'auth_url', 'message'],
};
