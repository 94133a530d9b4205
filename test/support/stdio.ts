/** MCP clients that start their server by themselves and speak to it over stdio, as desktop applications do. */
import type { Client, ClientOptions, VersionNegotiationMode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { onTestFinished } from 'vitest';
import { connectOver } from './clients.ts';
import { newFolder } from './folder.ts';
import { cleanEnvironment, nodeArguments } from './programs.ts';

/** A client of the server that Node runs with `args`, in a folder of its own; both end with the test. */
export async function connectStdio(
  args: readonly string[],
  mode: VersionNegotiationMode,
  { env, options }: { env?: Record<string, string>; options?: ClientOptions } = {},
): Promise<Client> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [...args],
    cwd: await newFolder(),
    env: cleanEnvironment(env),
    stderr: 'ignore',
  });
  const client = await connectOver(transport, mode, options);
  onTestFinished(() => client.close());
  return client;
}

/** The same for a TypeScript program of this project. */
export function connectToProgram(
  command: readonly [file: string, ...args: string[]],
  ...rest: [mode: VersionNegotiationMode, options?: Parameters<typeof connectStdio>[2]]
): Promise<Client> {
  return connectStdio(nodeArguments(...command), ...rest);
}
