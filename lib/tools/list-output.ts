/** The output of tools that return a list. */
import { z } from 'zod';

/** The mark by which Python's FastMCP client finds a list in a result. */
const wrapped = 'x-fastmcp-wrap-result';

/**
 * The output of a tool that returns a list: the list under `result`, where Python's FastMCP puts it, with the mark by
 * which its client finds it there.
 *
 * @param fields - what the result has besides the list
 *
 * @example
 * import { listOf } from 'aps-mcp';
 * import { z } from 'zod';
 *
 * export const output = listOf(z.object({ id: z.string(), name: z.string() }));
 * export const value = output.parse({ result: [{ id: 'b.1', name: 'Example Works' }] });
 */
export function listOf<Item extends z.ZodType, Fields extends z.core.$ZodShape = Record<never, never>>(
  item: Item,
  fields?: Fields,
) {
  return z.object({ result: z.array(item), ...fields }).meta({ [wrapped]: true });
}

/** Whether a tool's data stands under `result`. */
export function isWrapped(output: z.ZodType): boolean {
  return output.meta()?.[wrapped] === true;
}

/** The data of a result as JSON: of a list, the list itself, as the Python sample returns it. */
export function jsonOf(output: z.ZodType, value: unknown): string {
  return JSON.stringify(isWrapped(output) ? z.object({ result: z.unknown() }).parse(value).result : value);
}
