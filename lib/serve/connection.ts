/** A FastMCP definition, connected in memory to a client of the official SDK, through which it is served. */
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import type { FastMCP } from 'fastmcp';
import type { Caller } from '../auth/token-source.ts';
import { version } from '../version.ts';

/** A definition at work for one caller. */
export type Connection = {
  /** Speaks to the definition in the handshake era of MCP, the only one that FastMCP knows. */
  readonly client: Client;
  /** Runs something over the connection, which is not closed as idle in the meantime. */
  use<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Ends the connection as soon as nothing uses it. */
  closeWhenIdle(): Promise<void>;
  /** Ends the connection; tools that still run for it see their signal abort. */
  close(): Promise<void>;
};

/**
 * Connects a definition for one caller; its tools find the caller in `context.session`.
 *
 * @throws what the definition throws when it cannot be connected
 */
export async function connectInMemory(server: FastMCP<Caller>, caller: Caller): Promise<Connection> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'aps-mcp-servers', version });
  // FastMCP resolves `connect` some time after the handshake: only its failure is of interest here.
  const session = server.connect(theirs, caller);
  const failure = session.then(() => new Promise<never>(() => {}));
  await Promise.race([client.connect(ours), failure]);

  let uses = 0;
  let closing = false;
  const close = async () => {
    await client.close();
    await session.then((it) => it.close());
  };
  return {
    client,
    async use(work) {
      uses += 1;
      try {
        return await work(client);
      } finally {
        uses -= 1;
        if (closing && uses === 0) await close();
      }
    },
    async closeWhenIdle() {
      closing = true;
      if (uses === 0) await close();
    },
    close,
  };
}
