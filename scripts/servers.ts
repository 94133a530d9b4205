/** The servers of this project, by name. Each is loaded when it is asked for. */
import type { ServerDefinition } from '../lib/serve/launch/definition.ts';

export const servers: Record<string, () => Promise<ServerDefinition>> = {
  '2lo': async () => (await import('../servers/2lo.ts')).definition,
  ssa: async () => (await import('../servers/ssa.ts')).definition,
  '3lo': async () => (await import('../servers/3lo.ts')).definition,
  pkce: async () => (await import('../servers/pkce.ts')).definition,
};
