/**
 * Serves a connected FastMCP definition through the official SDK: forwards every request that it can answer, with progress
 * and cancellation.
 */
import { type Client, ProtocolError } from '@modelcontextprotocol/client';
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type Progress,
  type ProgressToken,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type ResultTypeMap,
  Server,
  type ServerCapabilities,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { signInRequiredIn } from '../../sign-in-required.ts';
import type { ClientContext } from './client-context.ts';
import type { SignInElicitation } from './sign-in-elicitation.ts';

/** Requests that are forwarded unchanged, by the capability with which a definition offers them. Tools need more care. */
const methods = {
  prompts: ['prompts/list', 'prompts/get'],
  resources: ['resources/list', 'resources/templates/list', 'resources/read'],
  completions: ['completion/complete'],
} as const;

type Method = (typeof methods)[keyof typeof methods][number] | 'tools/list' | 'tools/call';

/**
 * The most that a forwarded request can take, in milliseconds. It guards against definitions that never answer: tools
 * have their own deadlines, and so do clients.
 */
const requestTimeout = 15 * 60_000;

/** Lists do not change while a server runs. Clients can cache them for this long, in milliseconds. */
const listLifetime = 5 * 60_000;

/** The capabilities in the envelope of a 2026-07-28 request. The SDK has validated them, and types them as opaque. */
const declaredCapabilities = z
  .object({
    [CLIENT_CAPABILITIES_META_KEY]: z.custom<ClientCapabilities>((value) => typeof value === 'object'),
  })
  .transform((envelope) => envelope[CLIENT_CAPABILITIES_META_KEY]);

type Params = { [name: string]: unknown; _meta?: { [name: string]: unknown; progressToken?: ProgressToken } };

export type Forwarding = {
  /** Runs one request, with a signal that aborts when it is cancelled. */
  run<T>(request: ServerContext, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The client that is served. */
  client: ClientContext;
  /** What models are told of the server. */
  instructions: string | undefined;
  /** Asks users to sign in, where a definition has users. */
  elicitation?: SignInElicitation;
};

/**
 * Makes a server for one HTTP request, or for one stdio connection.
 *
 * @param definition - a client that is connected to the definition
 */
export function createForwardingServer(
  definition: Client,
  { run, client, instructions, elicitation }: Forwarding,
): Server {
  const offered = { ...definition.getServerCapabilities() };
  // FastMCP always offers completion, even if there is nothing to complete.
  if (!offered.prompts && !offered.resources) delete offered.completions;
  // Many clients ask every server for prompts and resources, so those that have none offer empty lists.
  const capabilities: ServerCapabilities = { prompts: {}, resources: {} };
  for (const name of ['tools', 'completions'] as const) if (offered[name]) capabilities[name] = {};
  const server = new Server(definition.getServerVersion() ?? { name: 'unnamed', version: '0.0.0' }, {
    capabilities,
    instructions,
    cacheHints: { 'tools/list': { ttlMs: listLifetime, cacheScope: 'private' } },
    requestState: elicitation && { verify: elicitation.verifyState },
  });
  const forward = (method: Method) =>
    server.setRequestHandler(method, (request, context) =>
      run(context, (signal) => pass(definition, method, request.params, context, signal)),
    );
  for (const name of Object.keys(methods) as (keyof typeof methods)[])
    if (offered[name]) methods[name].forEach(forward);
  if (!offered.prompts) offerNoPrompts(server);
  if (!offered.resources) offerNoResources(server);
  if (!offered.tools) return server;

  server.setRequestHandler('tools/list', (request, context) =>
    run(context, async (signal) => {
      const result = await pass(definition, 'tools/list', request.params, context, signal);
      return { ...result, tools: result.tools.map(titled) };
    }),
  );
  server.setRequestHandler('tools/call', (request, context) =>
    run(context, async (signal) => {
      const call = { tool: request.params.name, client, context, signal, startedAt: Date.now() };
      // An answer to a question that an earlier result asked.
      const resumed = context.mcpReq.inputResponses && (await elicitation?.resume(call));
      if (resumed) return resumed;
      const makeCall = () => callTool(definition, request.params, context, signal);
      const result = await makeCall();
      const required = elicitation && signInRequiredIn(result);
      if (!required) return result;
      // In the 2026-07-28 era, capabilities come with each request; before, with the handshake.
      const declared = declaredCapabilities.safeParse(context.mcpReq.envelope).data;
      const capabilities = declared ?? server.getClientCapabilities();
      return (await elicitation.elicit(call, required, capabilities, result)) ?? makeCall();
    }),
  );
  return server;
}

function offerNoPrompts(server: Server): void {
  server.setRequestHandler('prompts/list', () => ({ prompts: [] }));
  server.setRequestHandler('prompts/get', ({ params: { name } }) => {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${name}`);
  });
}

function offerNoResources(server: Server): void {
  server.setRequestHandler('resources/list', () => ({ resources: [] }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    throw new ResourceNotFoundError(uri);
  });
}

/** Forwards one request, with its progress, and removes the prefixes that its error collects on the way. */
async function pass<M extends Method>(
  definition: Client,
  method: M,
  given: Params | undefined,
  context: ServerContext,
  signal: AbortSignal,
): Promise<ResultTypeMap[M]> {
  const { progressToken, ...meta } = given?._meta ?? {};
  const onprogress = (progress: Progress) =>
    context.mcpReq.notify({ method: 'notifications/progress', params: { ...progress, progressToken } });
  try {
    return await definition.request(
      { method, params: { ...given, _meta: meta } },
      // FastMCP made it, and the server in front of it checks it.
      z.custom<ResultTypeMap[M]>(),
      { signal, timeout: requestTimeout, onprogress: progressToken === undefined ? undefined : onprogress },
    );
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(error.code, error.message.replace(/^(MCP error -?\d+: )+/, ''), error.data);
  }
}

/**
 * Forwards a tool call. Invalid arguments become a tool error, which the model sees and can correct (MCP, Tools, "Error
 * Handling"); an unknown tool, a protocol error with the code that the specification assigns to it.
 */
async function callTool(
  definition: Client,
  given: Params,
  context: ServerContext,
  signal: AbortSignal,
): Promise<CallToolResult> {
  try {
    return await pass(definition, 'tools/call', { arguments: {}, ...given }, context, signal);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (error.code === ProtocolErrorCode.InvalidParams)
      return { isError: true, content: [{ type: 'text', text: error.message }] };
    if (error.code !== ProtocolErrorCode.MethodNotFound) throw error;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message, error.data);
  }
}

/** FastMCP takes a tool's title among its annotations only; since 2025-06-18, MCP has a separate place for it. */
function titled(tool: Tool): Tool {
  const title = tool.title ?? tool.annotations?.title;
  return title === undefined ? tool : { ...tool, title };
}

const nullArguments = z.looseObject({
  method: z.literal('tools/call'),
  params: z.looseObject({ arguments: z.null() }),
});

/**
 * A message as it came, or a batch of them, without `"arguments": null` in tool calls. Some clients send that for no arguments,
 * such as the Go SDK for a nil map, and the SDK refuses it.
 */
export function withoutNullArguments<T>(message: T): T {
  if (Array.isArray(message)) return message.map((each) => withoutNullArguments(each)) as T;
  const call = nullArguments.safeParse(message).data;
  if (!call) return message;
  const { arguments: _, ...params } = call.params;
  return { ...message, ...call, params };
}
