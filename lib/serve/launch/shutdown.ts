/** How a server ends: Ctrl-C lets running calls finish, a second Ctrl-C does not. */
import { constants } from 'node:os';

/** What can be shut down. */
export type Running = {
  /** The number of running calls. */
  running(): number;
  /** Stops accepting requests, gives running ones time to finish, and releases everything. */
  stop(): Promise<void>;
};

let stopping = false;

/**
 * Ends the process with 0 once everything has stopped; at once, if it is called with a second signal.
 *
 * @param signal - the signal that ends the process, if one does
 */
export function shutDown({ running, stop }: Running, signal?: NodeJS.Signals): void {
  if (stopping) {
    if (signal) process.exit(128 + constants.signals[signal]);
    return;
  }
  stopping = true;
  if (signal && running() > 0)
    console.error(`Waiting for running calls (${running()}). Press Ctrl-C again to stop at once.`);
  stop().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error instanceof Error ? error.stack : String(error));
      process.exit(1);
    },
  );
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
