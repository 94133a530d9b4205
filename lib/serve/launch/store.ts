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
  /** `STORE_URL` and `STORE_SECRET`. */
  url: string | undefined;
  secrets: readonly string[];
};

/**
 * Opens the store for a server that has users, or that signs people in for MCP clients. Others keep nothing: they start, and
 * answer, whether a store can be reached or not. Over stdio, a desktop user signs in once, and not at every start.
 *
 * @throws {StartupError} when the store of `STORE_URL` cannot be opened
 */
export async function openStoreFor(
  { userScopes }: Pick<ServerDefinition, 'userScopes'>,
  { clientAuth, transport, isSandbox, url, secrets }: StoreChoice,
): Promise<OpenedStore | undefined> {
  if (userScopes === undefined && clientAuth !== 'autodesk') return undefined;
  if (url !== undefined) return openStore(url, secrets);
  return transport === 'stdio' && !isSandbox ? openUserStore() : openStore('memory:', []);
}
