/** Why a server cannot start or listen, worded for the person at the terminal. */
export class StartupError extends Error {
  override readonly name: string = 'StartupError';
}
