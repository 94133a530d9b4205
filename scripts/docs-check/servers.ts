/** The servers that a page has started. Each runs until its section ends. */
import { type Failure, failureOf, seconds, statusOf } from './report.ts';
import { type Running, stop } from './run.ts';

/** A server that runs, the block that started it, and the depth of that block's section. */
export type Server = { line: number; command: string; depth: number; running: Running };

/**
 * Ends the servers of the sections that a heading closes, as Ctrl-C does.
 *
 * @param depth - the depth of the heading; 0 for the end of the page
 * @param limit - how long a server can take to end, in milliseconds
 * @returns what is wrong with them
 */
export async function endServers(servers: Set<Server>, depth: number, limit: number): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const server of servers) {
    if (server.depth < depth) continue;
    servers.delete(server);
    const { line, command, running } = server;
    const exit = running.exit();
    const message = exit
      ? `The server ended by itself, with ${statusOf(exit)}.`
      : (await stop(running, 'SIGINT', limit))
        ? undefined
        : `The server did not end within ${seconds(limit)} of Ctrl-C.`;
    if (message) failures.push(failureOf(line, command, message, running.output()));
  }
  return failures;
}
