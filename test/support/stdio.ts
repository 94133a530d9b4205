/** MCP clients that start their server by themselves and speak to it over stdio, as desktop applications do. */
import type { Client, ClientOptions, VersionNegotiationMode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { onTestFinished } from 'vitest';
import { connectOver } from './clients.ts';
import { newFolder } from './folder.ts';
import { cleanEnvironment, nodeArguments } from './programs.ts';

type Surroundings = {
  /** The folder that the server runs in; a new one by default. */
  cwd?: string;
  env?: Record<string, string>;
  options?: ClientOptions;
};

/** A client of the server that Node runs with `args`; both end with the test. */
export function connectStdio(
  args: readonly string[],
  mode: VersionNegotiationMode,
  surroundings?: Surroundings,
): Promise<Client> {
  return connectCommand(process.execPath, args, mode, surroundings);
}

/** The same for any command. */
export async function connectCommand(
  command: string,
  args: readonly string[],
  mode: VersionNegotiationMode,
  { cwd, env, options }: Surroundings = {},
): Promise<Client> {
  const transport = new StdioClientTransport({
    ...{ command, args: [...args], cwd: cwd ?? (await newFolder()) },
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
