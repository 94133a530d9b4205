/** What all tools share: who calls them, and how their results and failures are put. */
import { type ContentResult, type Context, type FastMCP, UserError } from 'fastmcp';
import { z } from 'zod';
import { ApsError } from '../aps/errors.ts';
import { type Caller, localUser, SignInRequired } from '../auth/token-source.ts';
import { signInField } from '../auth/user-sign-in.ts';
import { SettingsError } from '../config.ts';

/** What takes tools: a FastMCP server. */
export type ToolHolder = Pick<FastMCP<Caller>, 'addTool'>;

export type ToolContext = Context<Caller>;

/** The caller that a tool works for. A definition that FastMCP serves by itself knows no callers. */
export function callerOf(context: ToolContext): Caller {
  return context.session ?? localUser;
}

/**
 * Wraps what a tool does so that its failures are fit to be shown: APS errors in their own words, a sign-in
 * that is required with its address, anything else without its details, which go to the server's log.
 */
export function answering<Arguments>(
  work: (args: Arguments, context: ToolContext) => Promise<ContentResult>,
): (args: Arguments, context: ToolContext) => Promise<ContentResult> {
  return async (args, context) => {
    try {
      return await work(args, context);
    } catch (error) {
      if (error instanceof UserError) throw error;
      if (error instanceof ApsError || error instanceof SettingsError) throw new UserError(error.message);
      if (error instanceof SignInRequired)
        throw new UserError(error.message, { [signInField]: error.address });
      if (context.signal.aborted) throw new UserError('The call was cancelled.');
      // Only the stack: the properties of an HTTP error hold request headers, and with them a token.
      console.error(error instanceof Error ? error.stack : String(error));
      throw new UserError('The server failed to do this. Its log says more.');
    }
  };
}

/** Annotations of a tool that only reads from APS. */
export function readOnly(title: string) {
  return { title, readOnlyHint: true, idempotentHint: true, openWorldHint: true } as const;
}

/** The output schema of a listing: the list under `result`, as Python's FastMCP wraps one, and where to go on. */
export function listSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    result: z.array(item),
    next_cursor: z
      .string()
      .optional()
      .describe('Present when there is more: pass it as "cursor", with the same other arguments, to go on.'),
  });
}

/** What a listing's result may say besides the list. */
type Besides = {
  /** Where the listing goes on, if it does. */
  nextCursor?: string;
  /** A sentence for the model and the person, e.g. why the list is empty. */
  note?: string;
  /** Further fields of the structured result. */
  fields?: Record<string, unknown>;
};

/**
 * The result of a listing. The text is the list itself as one JSON block; whatever else a model must know,
 * since it may see nothing but the text, follows as sentences.
 */
export function listResult(
  items: readonly object[],
  { nextCursor, note, fields }: Besides = {},
): ContentResult {
  const sentences = [
    note,
    nextCursor && `There is more. To go on, call again with the same arguments and cursor "${nextCursor}".`,
  ].filter((sentence) => sentence !== undefined);
  return {
    content: [JSON.stringify(items), ...sentences].map((text) => ({ type: 'text', text })),
    structuredContent: {
      result: items,
      ...(nextCursor !== undefined && { next_cursor: nextCursor }),
      ...fields,
    },
  };
}
