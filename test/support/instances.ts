/** Several instances of a server behind nginx, as programs that can be killed and started again. */

import { startNginx } from './nginx.ts';
import { freePort } from './ports.ts';
import { type Program, run } from './programs.ts';
import type { Sandbox } from './sandbox.ts';

export type Instance = {
  readonly port: number;
  /** Its own address, past nginx. */
  readonly url: string;
  readonly program: Program;
  /** Ends it without a chance to do anything. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with other variables if need be. */
  start(env?: Record<string, string>): Promise<void>;
};

export type Deployment = {
  /** The origin under which clients and browsers reach them. */
  url: string;
  instances: readonly [Instance, ...Instance[]];
  close(): Promise<void>;
};

/**
 * Starts `count` instances that take turns.
 *
 * @param server - the name of the server, and what else is on its command line
 * @param env - variables besides those of the sandbox, for the origin under which they are reached and for each of them: the
 *   store and the secrets, for example
 */
export async function startInstances(
  sandbox: Sandbox,
  server: readonly [name: string, ...options: string[]],
  {
    count = 2,
    env = () => ({}),
  }: { count?: number; env?(url: string, index: number): Record<string, string> } = {},
): Promise<Deployment> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  sandbox.registerRedirectUri(`${url}/callback`);
  sandbox.registerOpenIdRedirectUri(`${url}/signin/callback`);
  const started = Array.from({ length: count }, (_, index) =>
    startInstance(server, { ...sandbox.env, MCP_PUBLIC_URL: url, ...env(url, index) }),
  );
  const [first, ...others] = await Promise.all(started);
  if (!first) throw new Error('There must be an instance');
  const instances = [first, ...others] as const;
  const nginx = await startNginx(
    port,
    instances.map((instance) => instance.port),
  );
  return { url, instances, close: nginx.close };
}

async function startInstance(
  [name, ...options]: readonly [string, ...string[]],
  variables: Record<string, string>,
): Promise<Instance> {
  const port = await freePort();
  const launch = async (env: Record<string, string> = {}) => {
    const program = await run(
      ['scripts/aps-mcp.ts', name, '--host', '127.0.0.1', '--port', String(port), ...options],
      { env: { ...variables, ...env } },
    );
    await program.says(/Ctrl-C/);
    return program;
  };
  let program = await launch();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get program() {
      return program;
    },
    async kill() {
      program.signal('SIGKILL');
      await program.ended;
    },
    async start(env) {
      program = await launch(env);
    },
  };
}
