// Reads the answer from a sign-in page.
import type { Expiring } from './expiring.ts';

/** The decision on a request. `person` is the id of the person who allowed it, undefined if it was denied. */
export type Decision<T> = { request: T; person?: string };

/** The error page to show instead. */
export type NoDecision = { title: string; paragraphs: readonly string[] };

/**
 * Reads the decision and drops the request from `waiting`, or returns the error page to show.
 *
 * The form carries only the transaction id. The request itself stays on the server.
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
        'You already answered it, or the page was open for more than ten minutes.',
        'Go back to the application and sign in again.',
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
    title: 'The answer is incomplete',
    paragraphs: ['Go back to the page, choose one of its users, and press Allow or Deny.'],
  };
}

/** The error to report to the application after Deny. */
export const denial = {
  error: 'access_denied',
  description: 'The user denied the request.',
} as const;
