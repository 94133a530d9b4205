/** How a server ends: Ctrl-C lets running calls finish, a second Ctrl-C does not. */
import { constants } from 'node:os';

/** What can be shut down. */
export type Running = {
  /** The number of running calls. */
  running(): number;
  /** Stops accepting requests, gives running ones time to finish, and releases everything. */
  stop(): Promise<void>;
};

/**
 * Ends the process with 0 when it is told to and everything has stopped; at once if it is told twice.
 *
 * @param clientLeft - resolves when there is nobody left to serve
 */
export function shutDownOnSignal({ running, stop: release }: Running, clientLeft?: Promise<void>): void {
  let stopping = false;
  const stop = () => {
    stopping = true;
    release().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error instanceof Error ? error.stack : String(error));
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (stopping) process.exit(128 + constants.signals[signal]);
      if (running() > 0)
        console.error(`Waiting for running calls (${running()}). Press Ctrl-C again to stop at once.`);
      stop();
    });
  void clientLeft?.then(() => {
    if (!stopping) stop();
  });
}

/** How long running calls can take after the server was told to end, in milliseconds. */
export const grace = 10_000;

/** Waits for `promise`, but no longer than `milliseconds`. */
export async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    promise,
    new Promise((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    }),
  ]);
  clearTimeout(timer);
}
