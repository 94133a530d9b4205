/** The store that a server needs, if it needs one. */
import type { ClientAuthMode } from '../../config/variables.ts';
import { type OpenedStore, openStore, openUserStore } from '../../store/open.ts';
import type { ServerDefinition } from './definition.ts';

/** What decides which store it is. */
export type StoreChoice = {
  clientAuth: ClientAuthMode;
  transport: 'http' | 'stdio';
  /** Whether APS is the built-in sandbox, which forgets everybody when it ends. */
  isSandbox: boolean;
  /** `STORE_URL`. */
  url: string | undefined;
};

/** What stands for the address of the file in a desktop user's own data folder. */
export const ownFile = 'own-file';

/**
 * The address of the store of a server that has users, or that signs people in for MCP clients. Undefined for others, which store
 * nothing: they start, and answer, whether a store can be reached or not. Over stdio, a desktop user signs in once, and not at
 * every start.
 */
export function storeUrlOf(
  { userScopes }: Pick<ServerDefinition, 'userScopes'>,
  { clientAuth, transport, isSandbox, url }: StoreChoice,
): string | undefined {
  if (userScopes === undefined && clientAuth !== 'autodesk') return undefined;
  return url ?? (transport === 'stdio' && !isSandbox ? ownFile : 'memory:');
}

/**
 * Opens the store that a server needs; undefined if it needs none.
 *
 * @param secrets - of `STORE_SECRET`
 * @throws {StartupError} when the store of `STORE_URL` cannot be opened
 */
export async function openStoreFor(
  definition: Pick<ServerDefinition, 'userScopes'>,
  choice: StoreChoice,
  secrets: readonly string[],
): Promise<OpenedStore | undefined> {
  const url = storeUrlOf(definition, choice);
  if (url === undefined) return undefined;
  return url === ownFile ? openUserStore(secrets) : openStore(url, secrets);
}
