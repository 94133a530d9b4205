/** Asking for the first token at the start, so that nobody has to call a tool to learn that APS refuses the credentials. */
import { ApsError } from '../../aps/errors.ts';
import { localUser } from '../../caller.ts';
import type { TokenSource } from '../../token-source.ts';

/**
 * Gets the token that the first call would wait for. If APS refuses, it says so on stderr, in the words of that call. It never
 * rejects: the server keeps running, and says nothing of a failure that may be over by the first call.
 *
 * @param tokens - undefined where tokens belong to users: they come when somebody signs in
 */
export async function prefetchToken(tokens: TokenSource | undefined): Promise<void> {
  try {
    await tokens?.get(localUser);
  } catch (error) {
    if (error instanceof ApsError && isRefusal(error))
      console.error(`Every call will fail until this is corrected. ${error.message}`);
  }
}

/** Whether APS has answered, and would answer the same again. */
function isRefusal({ status = 500 }: ApsError): boolean {
  return status < 500 && status !== 408 && status !== 429;
}
