/** Which refresh tokens APS has issued, to which instance, and what became of them. */
import { z } from 'zod';
import type { RecordedRequest } from '../support/recording-aps.ts';

type Renewal = { used: string; issued: string; instance: string; at: number };

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
   * The refresh tokens that are lost: issued to an instance that was killed, and never used since, while the one before was used
   * again and refused.
   */
  lost(): string[];
  /** The refresh tokens that were refused although what followed them was not lost, and used by nobody. */
  unexplained(): string[];
};

const answerSchema = z.object({ refresh_token: z.string() });

export function createRenewals(): Renewals {
  const renewals: Renewal[] = [];
  const usedSince = new Set<string>();
  const refused: string[] = [];
  const killedAt = new Map<string, number>();

  /** What followed a refresh token. */
  const successorOf = (used: string) => renewals.find((renewal) => renewal.used === used);
  const isLost = ({ issued, instance }: Renewal) => !usedSince.has(issued) && killedAt.has(instance);

  return {
    hear({ path, form, status, instance = '' }, answer) {
      const { grant_type, refresh_token: used = '' } = form;
      if (!path.endsWith('/token') || grant_type !== 'refresh_token') return;
      usedSince.add(used);
      const issued = status === 200 ? answerSchema.parse(JSON.parse(answer)).refresh_token : undefined;
      if (issued) renewals.push({ used, issued, instance, at: Date.now() });
      else if (status === 400) refused.push(used);
    },
    killed: (instance) => void killedAt.set(instance, Date.now()),
    get count() {
      return renewals.length;
    },
    get refused() {
      return refused.length;
    },
    lost: () =>
      [...new Set(refused)].filter((used) => {
        const successor = successorOf(used);
        return successor !== undefined && isLost(successor);
      }),
    unexplained: () =>
      refused.filter((used) => {
        const successor = successorOf(used);
        // A loser of a race is refused, too, and goes on with what the winner got.
        return successor === undefined || !(isLost(successor) || usedSince.has(successor.issued));
      }),
  };
}
