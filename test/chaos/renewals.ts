/** Which refresh tokens APS has issued, to which instance, and what became of them. */
import { z } from 'zod';
import type { RecordedRequest } from '../support/recording-aps.ts';

/** `at` is in milliseconds since 1970. */
type Renewal = { used: string; issued: string; instance: string; at: number };
type Refusal = { used: string; at: number };

/** How long an instance can hold an answer before it is saved, in milliseconds: an outage of Redis, and the way back to it. */
const longestUnsaved = 4000;

export type Renewals = {
  /** Takes notice of a request to APS. */
  hear(request: RecordedRequest, answer: string): void;
  /** Takes notice that an instance was killed. */
  killed(instance: string): void;
  /** How many renewals there were. */
  readonly count: number;
  /** How many were refused. Each signs somebody out, or has told a loser to look again. */
  readonly refused: number;
  /**
   * The refresh tokens of which the next one is lost: issued to an instance that was killed shortly afterwards, and never used
   * since. They were refused after that.
   */
  lost(): string[];
  /** The refresh tokens that were refused although what followed them was not lost, and used by nobody. */
  unexplained(): string[];
};

const answerSchema = z.object({ refresh_token: z.string() });

export function createRenewals(): Renewals {
  const renewals: Renewal[] = [];
  const usedSince = new Set<string>();
  const refused: Refusal[] = [];
  const killedAt = new Map<string, number>();

  /** What followed a refresh token. */
  const successorOf = (used: string) => renewals.find((renewal) => renewal.used === used);

  /** Whether what APS issued in place of a refresh token died with its instance, and that is why APS refused it. */
  function diedBefore({ used, at }: Refusal): boolean {
    const successor = successorOf(used);
    if (!successor || usedSince.has(successor.issued)) return false;
    const killed = killedAt.get(successor.instance);
    // The answer can also have been on its way when the instance was killed.
    return killed !== undefined && killed - successor.at <= longestUnsaved && killed <= at;
  }

  /** A loser of a race is refused, too, and goes on with what the winner got. */
  function lostRace({ used }: Refusal): boolean {
    const successor = successorOf(used);
    return successor !== undefined && usedSince.has(successor.issued);
  }

  return {
    hear({ path, form, status, instance = '' }, answer) {
      const { grant_type, refresh_token: used = '' } = form;
      if (!path.endsWith('/token') || grant_type !== 'refresh_token') return;
      usedSince.add(used);
      const issued = status === 200 ? answerSchema.parse(JSON.parse(answer)).refresh_token : undefined;
      if (issued) renewals.push({ used, issued, instance, at: Date.now() });
      else if (status === 400) refused.push({ used, at: Date.now() });
    },
    killed: (instance) => void killedAt.set(instance, Date.now()),
    get count() {
      return renewals.length;
    },
    get refused() {
      return refused.length;
    },
    lost: () => [...new Set(refused.filter(diedBefore).map(({ used }) => used))],
    unexplained: () =>
      refused.filter((refusal) => !diedBefore(refusal) && !lostRace(refusal)).map(({ used }) => used),
  };
}
