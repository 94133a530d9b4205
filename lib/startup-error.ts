/** What keeps a server from starting or from listening, in words for the person at the terminal. */
export class StartupError extends Error {
  override readonly name: string = 'StartupError';
}
