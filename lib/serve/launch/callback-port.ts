/**
 * The port that a user's browser comes back to, for a server over stdio. It is open only while a sign-in is under way, so that
 * several servers on one machine, each started by its own client, can take turns: all of them are registered with APS under
 * the same port.
 */
import { signInLifetime } from '../../aps-sign-in/authorization-code-flow.ts';
import { createSingleFlight } from '../../single-flight.ts';
import { StartupError } from '../../startup-error.ts';
import { type Listener, listen } from '../http/listen.ts';

export type CallbackPort = {
  /**
   * Opens the port, unless it is open, for as long as a sign-in can take. If another server has it, waits in turn.
   *
   * @returns the actual port, also if 0 was asked for
   * @throws {StartupError} when the port is still taken after half a minute
   */
  open(): Promise<number>;
  /** Closes the port, after the answers that are being written. */
  release(): void;
  /** Closes the port at once. */
  close(): Promise<void>;
};

/** How long to wait for another server, in milliseconds: less than a tool call can take. */
const longestWait = 30_000;
/** How often to try again, in milliseconds. */
const interval = 500;

export function callbackPort(port: number, fetch: (request: Request) => Promise<Response>): CallbackPort {
  const opening = createSingleFlight<Listener>();
  let listener: Listener | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function take(): Promise<Listener> {
    const giveUpAt = Date.now() + longestWait;
    for (let waited = false; ; waited = true) {
      try {
        const opened = await listen('localhost', port);
        opened.serve(fetch);
        return opened;
      } catch (error) {
        if (!isTaken(error)) throw error;
        if (closed || Date.now() >= giveUpAt)
          throw new StartupError(
            `Port ${port} is taken, probably by another server that is waiting for a sign-in. Finish that sign-in, or ` +
              'stop that server, and try again. If another program needs the port, choose one with --port, and add its ' +
              'callback URL to the application in your Developer Hub.',
            { cause: error },
          );
        if (!waited)
          console.error(
            `Port ${port} is in use, probably for the sign-in of another server. Waiting for it.`,
          );
        await new Promise((resolve) => setTimeout(resolve, interval));
      }
    }
  }

  function release(): void {
    clearTimeout(timer);
    const open = listener;
    listener = undefined;
    open?.close();
    void open?.idle().then(() => open.disconnect());
  }

  return {
    async open() {
      listener ??= await opening.run('port', take);
      clearTimeout(timer);
      timer = setTimeout(release, signInLifetime * 1000);
      timer.unref();
      return listener.port;
    },
    release,
    async close() {
      closed = true;
      await opening.settled('port');
      clearTimeout(timer);
      listener?.close();
      listener?.disconnect();
    },
  };
}

function isTaken(error: unknown): boolean {
  const cause = error instanceof StartupError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
}
