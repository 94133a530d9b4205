// Everything a running sandbox knows, apart from the port it listens on.
import { type Application, applications } from './applications.ts';
import { type Bucket, seedBuckets } from './oss-data.ts';
import type { RequestRecord } from './request-log.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { createTroubleSwitches, type TroubleSwitches } from './trouble.ts';

export type SandboxState = {
  /** Milliseconds since the epoch. */
  now: () => number;
  applications: readonly Application[];
  tokens: Tokens;
  /** In the order in which OSS lists them. */
  buckets: readonly Bucket[];
  trouble: TroubleSwitches;
  /** Oldest first. */
  requests: RequestRecord[];
};

/** A fresh sandbox. `tokenLifetimeSeconds` is what `reset()` of the trouble switches returns to. */
export async function createSandboxState({
  now = Date.now,
  tokenLifetimeSeconds = 3599,
}: {
  now?: () => number;
  tokenLifetimeSeconds?: number;
} = {}): Promise<SandboxState> {
  return {
    now,
    applications,
    tokens: await createTokens(now),
    buckets: seedBuckets(now()),
    trouble: createTroubleSwitches(tokenLifetimeSeconds),
    requests: [],
  };
}
