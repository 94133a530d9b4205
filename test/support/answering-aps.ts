/** An APS whose answers a test makes from what is asked for: pages that lead nowhere, and silence. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { closing } from './closing.ts';
import { always, type LocalServer, startLocalServer } from './local-server.ts';

/** No answer at all: the connection stays open until the other side gives up. */
export const silence = Symbol('silence');

/** An answer with a status other than 200. */
export class Refusal {
  readonly listener: RequestListener;

  constructor(status: number, json: unknown = {}, headers?: Record<string, string>) {
    this.listener = always(json, status, headers);
  }
}

export type AnsweringAps = Pick<LocalServer, 'url' | 'close'> & {
  /** From now on answers like this: with JSON, a {@link Refusal} or {@link silence}. What was asked before is forgotten. */
  answer(how: (url: URL) => unknown): void;
  /** What was asked for since then, oldest first. */
  asked: URL[];
  /** Resolves when the connections of all questions that met silence have closed. */
  givenUp(): Promise<unknown>;
};

/** Starts one. Call it once at the top of a test file. */
export async function startAnsweringAps(): Promise<AnsweringAps> {
  let how: (url: URL) => unknown = () => silence;
  let open: Promise<unknown>[] = [];
  const asked: URL[] = [];
  const server = await startLocalServer((request, response) => {
    const url = new URL(request.url ?? '', server.url);
    asked.push(url);
    const given = how(url);
    if (given === silence) open.push(once(response, 'close'));
    else (given instanceof Refusal ? given.listener : always(given))(request, response);
  });
  return closing()({
    url: server.url,
    close: server.close,
    asked,
    answer(next) {
      how = next;
      open = [];
      asked.length = 0;
    },
    givenUp: () => Promise.all(open),
  });
}
