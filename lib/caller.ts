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

/** The verified subject of the client sign-in, or the local user where clients do not sign in. */
export type Caller = Readonly<z.infer<typeof callerSchema>>;

/** Everybody who calls a server without client sign-in: only programs on this machine can reach it. */
export const localUser: Caller = { id: 'local' };
