/** Cursors of listing tools: opaque to clients, and bound to the listing that they came from. */
import { UserError } from 'fastmcp';
import { z } from 'zod';

/** The paging parameters of every listing tool. */
export const pagingParameters = {
  limit: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(1000)
    .describe('The most entries to return (1 to 10,000). Default 1,000.'),
  cursor: z
    .string()
    .max(4096)
    .optional()
    .describe('"next_cursor" of the previous result, to continue from there.'),
};

/**
 * Identifies a listing: the tool and the arguments that decide what is listed. Arguments that are empty count as absent,
 * as in a form with blank fields.
 */
export function listingOf(tool: string, args: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(args).filter(([, value]) => value !== undefined && value !== '');
  return JSON.stringify([tool, given.sort(([one], [other]) => (one < other ? -1 : 1))]);
}

/** Makes a cursor that is valid for `listing` only. */
export function writeCursor(listing: string, position: unknown): string {
  return Buffer.from(JSON.stringify([listing, position])).toString('base64url');
}

/**
 * Reads a cursor; none, or an empty one, means the beginning. It came from the client, so its position is checked against
 * `schema` and used as a query value only: a forged one finds nothing that its sender could not ask for anyway.
 *
 * @throws {UserError} when it is not a cursor, or belongs to another listing
 */
export function readCursor<Position>(
  cursor: string | undefined,
  listing: string,
  schema: z.ZodType<Position>,
): Position | undefined {
  if (!cursor) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    json = undefined;
  }
  const parsed = z.tuple([z.literal(listing), schema]).safeParse(json);
  if (!parsed.success)
    throw new UserError(
      'cursor: it does not belong to this listing. Pass "next_cursor" from a call with otherwise the same arguments, or leave it out to start over.',
    );
  return parsed.data[1];
}
