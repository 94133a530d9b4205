/** Programs whose output goes into a pipe. */

/**
 * Ends this process quietly as soon as nobody reads its output any more, as `head` does when it has enough lines. It is not for a
 * server: over stdio, the end of its client has a meaning.
 */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
