/** An MCP client of the server, for tests: it starts the server as a desktop application does, over stdio. */
import { devNull } from 'node:os';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Sandbox } from 'aps-mcp/sandbox';

/**
 * Starts the server on a sandbox, and connects to it. When the server asks for a sign-in, a user of the sandbox signs in.
 * Close the client to stop the server.
 */
export async function connect(sandbox: Sandbox): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    { capabilities: { elicitation: { url: {} } } },
  );
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    if (params.mode !== 'url') return { action: 'decline' };
    await signIn(sandbox, params.url);
    return { action: 'accept' };
  });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      // Any free port for the callback: the server that you work with may be running.
      args: ['--import', 'tsx', 'server.ts', '--port', '0'],
      // Your .env, which may lead to the real APS, is left out.
      env: { ...__SANDBOX_ENV__, MCP_ENV_FILE: devNull },
    }),
  );
  return client;
}

/** Does what a person does in the browser: signs in, allows access, and follows the redirect to the callback. */
async function signIn(sandbox: Sandbox, address: string): Promise<void> {
  sandbox.registerRedirectUri(new URL(address).searchParams.get('redirect_uri') ?? '');
  const callback = await sandbox.signIn(address);
  await fetch(callback);
}
