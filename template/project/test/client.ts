/** An MCP client of the server, for tests: it starts the server as a desktop application does, over stdio. */
import { devNull } from 'node:os';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Sandbox } from 'aps-mcp/sandbox';

/** Starts the server on a sandbox, and connects to it. Close the client to stop the server. */
export async function connect(sandbox: Sandbox): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: ['--import', 'tsx', 'server.ts'],
      // Your .env, which may lead to the real APS, is left out.
      env: { ...sandbox.env, MCP_ENV_FILE: devNull },
    }),
  );
  return client;
}
