/** An APS that holds its answers back until a test lets them go. */
import { EventEmitter, once } from 'node:events';
import { always, type LocalServer, startLocalServer } from './local-server.ts';

export type HeldAps = LocalServer & {
  /** The variables that point a server at it. */
  env: Record<string, string>;
  /** Resolves when the next question has arrived: its connection, which closes when the other side gives up. */
  asked(): Promise<{ closed: Promise<unknown> }>;
  /** Answers every question that is open: there is one bucket. */
  answer(): void;
};

/** It gives out tokens at once; every other question waits. */
export async function startHeldAps(): Promise<HeldAps> {
  const events = new EventEmitter();
  const server = await startLocalServer((request, response) => {
    if (request.method === 'POST')
      return always({ access_token: 'a-token', token_type: 'Bearer', expires_in: 3599 })(request, response);
    const bucket = { bucketKey: 'held-bucket', createdDate: 1, policyKey: 'persistent' };
    events.once('answer', () => always({ items: [bucket] })(request, response));
    events.emit('asked', { closed: once(response, 'close') });
  });
  return {
    ...server,
    env: { APS_BASE_URL: server.url, APS_CLIENT_ID: 'an-id', APS_CLIENT_SECRET: 'a-secret' },
    asked: async () => (await once(events, 'asked'))[0],
    answer: () => events.emit('answer'),
  };
}
