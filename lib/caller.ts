/** Who a tool works for. */
import { z } from 'zod';

export const callerSchema = z.object({
  /** Stable for the same person or program; unique among all callers of a server. */
  id: z.string(),
  /** What the client sign-in says about the person. For display only: never base a decision on it. */
  user: z.string().optional(),
  /** What the client sign-in says about the MCP client. For display only. */
  client: z.string().optional(),
});

/**
 * Who a tool works for: the verified subject of the client sign-in, or the local user where clients do not sign in.
 *
 * `id` is stable for the same person or program, and unique among all callers of a server. `user` and `client` are what the
 * client sign-in says about the person and the MCP client, for display only: never base a decision on them.
 *
 * @example
 * import type { Caller } from 'aps-mcp';
 *
 * export const shown = ({ id, user }: Caller): string => user ?? id;
 */
export type Caller = Readonly<z.infer<typeof callerSchema>>;

/** Everybody who calls a server without client sign-in: only programs on this machine can reach it. */
export const localUser: Caller = { id: 'local' };
