/** The paging arguments of listing tools, and cursors: opaque to clients, bound to the listing they came from. */
import { UserError } from 'fastmcp';
import { z } from 'zod';

/** Paging arguments; spread them into a tool's parameters. */
export const pagingArguments = {
  limit: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(1000)
    .describe('How many to return at most (1 to 10,000). Default 1,000.'),
  cursor: z
    .string()
    .max(4096)
    .optional()
    .describe('"next_cursor" of the previous result, to go on from there.'),
};

/**
 * Makes a cursor.
 *
 * @param listing - what is listed; a cursor is only taken back for the same
 * @param position - where the next stretch begins
 */
export function writeCursor(listing: readonly unknown[], position: unknown): string {
  return Buffer.from(JSON.stringify([listing, position])).toString('base64url');
}

/**
 * Reads a cursor back; none, or the empty text of a form field left blank, means the beginning. It came
 * through the client: its position is checked against `schema` and used only as a value in a query, so a
 * forged one finds nothing that its sender could not ask for anyway.
 *
 * @throws {UserError} when it is no cursor, or one of another listing
 */
export function readCursor<T>(
  cursor: string | undefined,
  listing: readonly unknown[],
  schema: z.ZodType<T>,
): T | undefined {
  if (!cursor) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    json = undefined;
  }
  const parsed = z.tuple([z.array(z.unknown()), schema]).safeParse(json);
  if (!parsed.success || JSON.stringify(parsed.data[0]) !== JSON.stringify(listing))
    throw new UserError(
      'cursor: it does not belong to this listing. Pass the "next_cursor" of a result that had the same other arguments, or leave it out to start anew.',
    );
  return parsed.data[1];
}
