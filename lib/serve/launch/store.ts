/** The store that a server needs, if it needs one. */
import type { ClientAuthMode } from '../../config/variables.ts';
import { memoryStore } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import type { ServerDefinition } from './definition.ts';

/** A store, and where it is, in words. */
export type OpenedStore = { store: Store; where: string };

/**
 * Opens the store for a server that has users, or that signs people in for MCP clients. Others keep nothing: they start, and
 * answer, whether a store can be reached or not.
 */
export async function openStoreFor(
  { userScopes }: Pick<ServerDefinition, 'userScopes'>,
  clientAuth: ClientAuthMode,
): Promise<OpenedStore | undefined> {
  if (userScopes === undefined && clientAuth !== 'autodesk') return undefined;
  return { store: memoryStore(), where: 'in memory, until the server ends' };
}
