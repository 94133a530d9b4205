/** Why documents could not be fetched, for the operator: the answer to a stranger does not say why. */

/** The most lines in a minute. Strangers choose the addresses, and must not fill a disk. */
const mostInMinute = 10;

/** Writes a line about a fetch that failed. */
export type FetchLog = (host: string, error: unknown) => void;

/** @param now - the clock, in milliseconds since 1970 */
export function createFetchLog(now: () => number): FetchLog {
  let minute = 0;
  let lines = 0;
  return (host, error) => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) lines = 0;
    minute = current;
    lines += 1;
    if (lines <= mostInMinute)
      console.error(`A document of an MCP client could not be fetched from ${host}: ${reasonOf(error)}.`);
  };
}

/** The innermost error says most. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return reasonOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
