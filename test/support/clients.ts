/** MCP clients of the official SDK in every mode that they have. */
import {
  Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
  type Transport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';

/** The newest revision of MCP, the one without a handshake. */
export const newest = '2026-07-28';

/** How a client finds out which protocol era to speak, and the era that it must end up in here. */
export const modes: readonly (readonly [name: string, mode: VersionNegotiationMode, era: string])[] = [
  ['a client of the handshake era', 'legacy', 'legacy'],
  ['a client that asks for the era', 'auto', 'modern'],
  [`a client of ${newest}`, { pin: newest }, 'modern'],
];

/** The two modes that differ on the wire. */
export const eras = modes.filter(([, mode]) => mode !== 'auto');

/** A client that has connected over `transport`. */
export async function connectOver(
  transport: Transport,
  mode: VersionNegotiationMode,
  options: ClientOptions = {},
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { ...options, versionNegotiation: { mode } });
  await client.connect(transport);
  return client;
}

/** A client that has connected to the server at `url` (an origin). */
export function connect(url: string, mode: VersionNegotiationMode, options?: ClientOptions): Promise<Client> {
  return connectOver(new StreamableHTTPClientTransport(new URL('/mcp', url)), mode, options);
}
