/** How a server ends: Ctrl-C lets running calls finish, a second one does not. */
import { constants } from 'node:os';

/** Something that is being served. */
export type Serving = {
  /** How many calls are running. */
  running(): number;
  /** Stops taking requests, lets running ones finish for a while, and releases everything. */
  stop(): Promise<void>;
};

/**
 * Ends the process with 0 once it is told to and `serving` has stopped; at once when it is told twice.
 *
 * @param ended - resolves when there is nobody left to serve; never, if that cannot be known
 */
export function endGracefully(serving: Serving, ended: Promise<void>): void {
  let stopping = false;
  const stop = () => {
    stopping = true;
    serving.stop().then(
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
      if (serving.running() > 0)
        console.error(`Finishing running calls (${serving.running()}). Ctrl-C again leaves at once.`);
      stop();
    });
  void ended.then(() => {
    if (!stopping) stop();
  });
}

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
