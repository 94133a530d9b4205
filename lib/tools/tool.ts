/** How a tool is made, here and in your own server: `addApsTool`. */
import { type ContentResult, type Context, type FastMCP, UserError } from 'fastmcp';
import { z } from 'zod';
import type { ApsClient, ApsSession } from '../aps/client.ts';
import { ApsError } from '../aps/errors.ts';
import { type Caller, localUser } from '../caller.ts';
import { orSignInRequired, SignInRequired, signInRequiredContent } from '../sign-in-required.ts';
import { StartupError } from '../startup-error.ts';
import { StoreUnavailable } from '../store/store.ts';
import { listingOf, pagingParameters, readCursor, writeCursor } from './cursor.ts';
import { isWrapped, jsonOf, listOf } from './list-output.ts';
import { withoutNulls } from './nulls.ts';

/**
 * A FastMCP server, as far as tools are concerned.
 *
 * @example
 * import { addOssTools, type ApsClient, type ToolServer } from 'aps-mcp';
 *
 * export function addMyTools(server: ToolServer, aps: ApsClient): void {
 *   addOssTools(server, aps);
 * }
 */
export type ToolServer = Pick<FastMCP<Caller>, 'addTool'>;

export type ToolContext = Context<Caller>;

/**
 * One call of a tool.
 *
 * @example
 * import type { ToolCall } from 'aps-mcp';
 *
 * export async function execute({ url }: { url: string }, { session, note }: ToolCall): Promise<object> {
 *   await session.delete(session.next(url));
 *   note('It cannot be restored.');
 *   return { deleted: true };
 * }
 */
export type ToolCall = {
  /** Requests to APS on behalf of the caller, with retries and a deadline. */
  session: ApsSession;
  /** Who called it. */
  caller: Caller;
  /** Aborts when the client cancels the call. */
  signal: AbortSignal;
  /** Reports progress to the client: `count` must grow. */
  progress(count: number, message: string): void;
  /** Adds a sentence to the result, for the model and the person: why a list is empty, for example. */
  note(sentence: string): void;
};

/** Hints about what a tool does: MCP, Tools, "Annotations". */
type Annotations = Parameters<ToolServer['addTool']>[0]['annotations'];

type Description<Params extends z.ZodObject> = {
  name: string;
  /** The name for people. */
  title: string;
  /** For the model: what the tool does, and when to use it. */
  description: string;
  /** The arguments. Use `z.strictObject`, so that misspelled ones are refused. */
  parameters: Params;
  /** Hints for clients; by default those of a tool that only reads from APS. */
  annotations?: Annotations;
};

/**
 * A tool with any output, for {@link addApsTool}.
 *
 * @example
 * import type { ApsTool } from 'aps-mcp';
 * import { z } from 'zod';
 *
 * const parameters = z.strictObject({});
 * const output = z.object({ id: z.string() });
 *
 * export const whoAmI: ApsTool<typeof parameters, typeof output> = {
 *   name: 'who_am_i',
 *   title: 'Who am I?',
 *   description: 'Get the id under which this server knows you.',
 *   parameters,
 *   output,
 *   needsSignIn: false,
 *   execute: async (_args, { caller }) => ({ id: caller.id }),
 * };
 */
export type ApsTool<Params extends z.ZodObject, Output extends z.ZodType> = Description<Params> & {
  /** The schema of the result: an object, or {@link listOf} for a list. */
  output: Output;
  /** Whether the tool needs an access token of the caller. Default true. */
  needsSignIn?: boolean;
  /** The text of the result, instead of its JSON. Notes follow in a block of their own. */
  text?(value: z.input<Output>): string;
  /** Does the work, and returns the result. An {@link ApsError} that it throws reaches the client with its advice. */
  execute(args: z.output<Params>, call: ToolCall): Promise<z.input<Output>>;
};

/**
 * Which part of a listing to return.
 *
 * @example
 * import type { SliceRequest } from 'aps-mcp';
 *
 * // A slice of a list in memory.
 * export function sliceOf<T>(all: readonly T[], { limit, from = 0 }: SliceRequest<number>) {
 *   const end = from + limit;
 *   return { items: all.slice(from, end), ...(end < all.length && { after: end }) };
 * }
 */
export type SliceRequest<Position> = {
  /** The most items to return. */
  limit: number;
  /** Where to begin; undefined at the beginning. */
  from: Position | undefined;
  /** Call it with the number of items so far: the client sees the progress. */
  onItems(count: number): void;
};

/**
 * A tool that lists, page by page, for {@link addApsTool}. `limit` and `cursor` are added to its parameters.
 *
 * @example
 * import type { ApsListTool } from 'aps-mcp';
 * import { z } from 'zod';
 *
 * const parameters = z.strictObject({});
 * const item = z.object({ code: z.string() });
 * const regions = ['US', 'EMEA', 'AUS'].map((code) => ({ code }));
 *
 * export const listRegions: ApsListTool<typeof parameters, typeof item, number> = {
 *   name: 'list_regions',
 *   title: 'List regions',
 *   description: 'List the regions in which APS stores data.',
 *   parameters,
 *   list: { of: item, noun: 'regions', position: z.int().min(0) },
 *   async execute(_args, _call, { limit, from = 0 }) {
 *     const end = from + limit;
 *     return { items: regions.slice(from, end), ...(end < regions.length && { after: end }) };
 *   },
 * };
 */
export type ApsListTool<
  Params extends z.ZodObject,
  Item extends z.ZodType,
  Position,
> = Description<Params> & {
  list: {
    /** The schema of an item. */
    of: Item;
    /** What the items are called, for progress: `projects`. */
    noun: string;
    /** The schema of a position in the listing. Clients get it in a cursor, and send it back. */
    position: z.ZodType<Position>;
  };
  /**
   * Returns the items, and the position after the last one unless the listing ends there. `warnings` say why the result is
   * incomplete: they appear in the result and in its notes.
   */
  execute(
    args: z.output<Params>,
    call: ToolCall,
    slice: SliceRequest<Position>,
  ): Promise<{ items: z.input<Item>[]; after?: Position; warnings?: readonly string[] }>;
};

/**
 * Adds a tool to a server. What every tool needs comes with it: requests to APS with the caller's token, progress,
 * cancellation, errors with advice, paging, and asking the user to sign in, whatever the output schema is.
 *
 * @example
 * import { addApsTool, type ApsClient, type ToolServer } from 'aps-mcp';
 * import { z } from 'zod';
 *
 * const bucket = z.object({ bucketKey: z.string(), policyKey: z.string() });
 *
 * export function addGetBucket(server: ToolServer, aps: ApsClient): void {
 *   addApsTool(server, aps, {
 *     name: 'get_bucket',
 *     title: 'Get bucket',
 *     description: 'Get the details of an OSS bucket.',
 *     parameters: z.strictObject({ bucket_key: z.string() }),
 *     output: bucket,
 *     execute: ({ bucket_key }, { session }) =>
 *       session.get(session.url(['oss', 'v2', 'buckets', bucket_key, 'details']), bucket),
 *   });
 * }
 */
export function addApsTool<Params extends z.ZodObject, Output extends z.ZodType>(
  server: ToolServer,
  aps: ApsClient,
  tool: ApsTool<Params, Output>,
): void;
/**
 * Adds a tool that lists, page by page: clients get a cursor, and progress.
 *
 * @example
 * import { addApsTool, type ApsClient, type ToolServer } from 'aps-mcp';
 * import { z } from 'zod';
 *
 * const bucket = z.object({ bucketKey: z.string() });
 * const page = z.object({ items: z.array(bucket), next: z.string().optional() });
 *
 * export function addListBucketKeys(server: ToolServer, aps: ApsClient): void {
 *   addApsTool(server, aps, {
 *     name: 'list_bucket_keys',
 *     title: 'List bucket keys',
 *     description: 'List the keys of the OSS buckets.',
 *     parameters: z.strictObject({}),
 *     list: { of: bucket, noun: 'buckets', position: z.string() },
 *     async execute(_args, { session }, { limit, from }) {
 *       const first = session.url(['oss', 'v2', 'buckets'], { limit: Math.min(limit, 100), startAt: from });
 *       const { items, next } = await session.get(first, page);
 *       const after = next && session.next(next).searchParams.get('startAt');
 *       return { items, ...(after && { after }) };
 *     },
 *   });
 * }
 */
export function addApsTool<Params extends z.ZodObject, Item extends z.ZodType, Position>(
  server: ToolServer,
  aps: ApsClient,
  tool: ApsListTool<Params, Item, Position>,
): void;
export function addApsTool(
  server: ToolServer,
  aps: ApsClient,
  tool: ApsTool<z.ZodObject, z.ZodType> | ApsListTool<z.ZodObject, z.ZodType, unknown>,
): void {
  if ('list' in tool) {
    addApsTool(server, aps, paged(tool));
    return;
  }
  const { name, title, description, parameters, output, needsSignIn = true, text } = tool;
  const { annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: true } } = tool;
  server.addTool({
    name,
    description,
    // The serving publishes it as the tool's title, too: FastMCP has no other place for one.
    annotations: { title, ...annotations },
    parameters: withoutNulls(parameters),
    outputSchema: needsSignIn && aps.requiresSignIn ? orSignInRequired(output, isWrapped(output)) : output,
    async execute(args: Record<string, unknown>, context: ToolContext): Promise<ContentResult> {
      const { signal, reportProgress } = context;
      const caller = context.session ?? localUser;
      const notes: string[] = [];
      try {
        const value = await aps.call(caller, signal, (session) =>
          tool.execute(args, {
            session,
            caller,
            signal,
            progress: (count, message) => void reportProgress({ progress: count, message }),
            note: (sentence) => notes.push(sentence),
          }),
        );
        const blocks = [text ? text(value) : jsonOf(output, value), notes.join(' ')];
        const content = blocks.filter(Boolean).map((block) => ({ type: 'text' as const, text: block }));
        return { content, structuredContent: z.record(z.string(), z.unknown()).parse(value) };
      } catch (error) {
        if (error instanceof SignInRequired) return askForSignIn(error, name, isWrapped(output));
        throw presentable(error, signal);
      }
    },
  });
}

/** A listing tool as one with any output: decodes and encodes its cursors. */
function paged(
  tool: ApsListTool<z.ZodObject, z.ZodType, unknown>,
): ApsTool<z.ZodObject, ReturnType<typeof pagedOutput>> {
  const { list, parameters, execute, ...description } = tool;
  return {
    ...description,
    parameters: parameters.extend(pagingParameters),
    output: pagedOutput(list.of),
    async execute({ limit, cursor, ...args }, call) {
      const paging = z.object(pagingParameters).parse({ limit, cursor });
      const listing = listingOf(tool.name, args);
      const {
        items,
        after,
        warnings = [],
      } = await execute(args, call, {
        limit: paging.limit,
        from: readCursor(paging.cursor, listing, list.position),
        onItems: (count) => call.progress(count, `${count} ${list.noun} so far`),
      });
      for (const warning of warnings) call.note(warning);
      const result = { result: items, ...(warnings.length > 0 && { warnings: [...warnings] }) };
      if (after === undefined) return result;
      const next = writeCursor(listing, after);
      call.note(
        `There ${warnings.length > 0 ? 'may be' : 'are'} more ${list.noun}. To continue, call again with the same arguments and cursor "${next}".`,
      );
      return { ...result, next_cursor: next };
    },
  };
}

function pagedOutput(item: z.ZodType) {
  return listOf(item, {
    next_cursor: z
      .string()
      .optional()
      .describe(
        'Present when there is more. To continue, pass it as "cursor" with otherwise the same arguments.',
      ),
    warnings: z.array(z.string()).optional().describe('Why this list is incomplete.'),
  });
}

function askForSignIn(required: SignInRequired, tool: string, wrapped: boolean): ContentResult {
  const structuredContent = signInRequiredContent(required, tool, wrapped);
  const answer = wrapped ? structuredContent.result : structuredContent;
  return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent };
}

/** An error that people can see. The details of unexpected ones go to the server's log only. */
function presentable(error: unknown, signal: AbortSignal): UserError {
  if (error instanceof UserError) return error;
  if (error instanceof ApsError || error instanceof StartupError || error instanceof StoreUnavailable)
    return new UserError(error.message);
  if (signal.aborted) return new UserError('The call was cancelled.');
  // Only the stack: the properties of an HTTP error hold request headers, and with them a token.
  console.error(error instanceof Error ? error.stack : String(error));
  return new UserError('The tool failed unexpectedly. See the server log.');
}
