// Reads what a person sent from a sign-in page.
import type { Expiring } from './expiring.ts';

/** What a person decided. `person` is the id of whoever allowed the request, and undefined when it was denied. */
export type Decision<T> = { request: T; person?: string };

/** What the person is told instead, on a page. */
export type NoDecision = { title: string; paragraphs: readonly string[] };

/**
 * The decision on a request that waits, which then waits no longer, or why the form holds none.
 *
 * The form names nothing but the transaction: what was asked for stays on this side.
 */
export function readDecision<T>(
  form: URLSearchParams,
  waiting: Expiring<T>,
  people: readonly string[],
): Decision<T> | NoDecision {
  const transaction = form.get('transaction') ?? '';
  const request = waiting.find(transaction)?.thing;
  if (request === undefined) {
    return {
      title: 'This sign-in is over',
      paragraphs: [
        'Its page was used before, or waited for more than ten minutes.',
        'Go back to the application and sign in from there once more.',
      ],
    };
  }
  const decision = form.get('decision');
  const person = people.find((id) => id === form.get('user'));
  if (decision === 'allow' && person !== undefined) {
    waiting.drop(transaction);
    return { request, person };
  }
  if (decision === 'deny') {
    waiting.drop(transaction);
    return { request };
  }
  return {
    title: 'This is not an answer',
    paragraphs: ['Go back to the page, choose one of the users there, and press Allow or Deny.'],
  };
}

/** What the application is told when the person denied. */
export const denial = {
  error: 'access_denied',
  description: 'The user did not allow what was asked for.',
} as const;
