/** A sandbox that every test of a file finds as it was started. */
import { afterEach } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';

/** Call it once at the top of a test file: after each test the trouble is over and nothing is on record. */
export async function startCleanSandbox(
  options?: Pick<SandboxOptions, 'rateLimits' | 'regionWarnings'>,
): Promise<Sandbox> {
  const sandbox = await startSandbox(options);
  afterEach(() => {
    sandbox.trouble.reset();
    sandbox.requests.length = 0;
  });
  return sandbox;
}
