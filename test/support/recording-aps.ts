/** The sandbox behind a server that keeps what each request had in it, headers and forms included. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach } from 'vitest';
import { closing } from './closing.ts';
import { always, startLocalServer } from './local-server.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

export type RecordedRequest = {
  path: string;
  authorization: string | undefined;
  /** The header `x-instance`, by which a test knows who asked. */
  instance: string | undefined;
  form: Record<string, string>;
  /** The status of the answer. */
  status: number;
};

export type RecordingAps = {
  /** Without a trailing slash. */
  url: string;
  /** The requests with a form: to the token and revocation endpoints, and of the sign-in page. */
  posted: RecordedRequest[];
  /** Whether renewals of tokens get the refusal of a gateway, which is not one of OAuth. */
  refusesRenewals: boolean;
  /** Whether it refuses to revoke tokens. */
  refusesRevocations: boolean;
  close(): void;
};

const passedOn = ['authorization', 'content-type', 'accept'];
const passedBack = ['content-type', 'location', 'retry-after', 'www-authenticate'];

/** Starts one in front of `sandbox`. `hear` is told of each request with a form, and of the answer, before it is given. */
export async function startRecordingAps(
  sandbox: Pick<Sandbox, 'url'>,
  hear: (request: RecordedRequest, answer: string) => void = () => {},
): Promise<RecordingAps> {
  const posted: RecordedRequest[] = [];
  const aps = { posted, refusesRenewals: false, refusesRevocations: false };

  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (aps.refusesRenewals && new URLSearchParams(body).get('grant_type') === 'refresh_token')
      return always({ developerMessage: 'Not this one.' }, 400)(request, response);
    if (aps.refusesRevocations && request.url?.endsWith('/revoke'))
      return always({ developerMessage: 'Not now.' }, 400)(request, response);
    const headers = new Headers();
    for (const name of passedOn)
      if (typeof request.headers[name] === 'string') headers.set(name, request.headers[name]);
    const answer = await fetch(sandbox.url + request.url, {
      ...{ method: request.method, headers, redirect: 'manual' },
      body: body === '' ? undefined : body,
    });
    const content = await answer.text();
    if (request.method === 'POST') {
      const recorded = {
        path: request.url ?? '',
        authorization: request.headers.authorization,
        instance: request.headers['x-instance']?.toString(),
        form: Object.fromEntries(new URLSearchParams(body)),
        status: answer.status,
      };
      posted.push(recorded);
      hear(recorded, content);
    }
    for (const name of passedBack)
      if (answer.headers.has(name)) response.setHeader(name, answer.headers.get(name) ?? '');
    response.writeHead(answer.status);
    response.end(content);
  }

  const { url, close } = await startLocalServer((request, response) => {
    // What the sandbox drops is dropped here, too.
    passOn(request, response).catch(() => response.destroy());
  });
  return Object.assign(aps, { url, close });
}

/** A sandbox with one in front of it, whose records end with each test. Call it once at the top of a test file. */
export async function startRecordedSandbox() {
  const keep = closing();
  const sandbox = keep(await startSandbox());
  const aps = keep(await startRecordingAps(sandbox));
  afterEach(() => {
    aps.posted.length = 0;
    aps.refusesRenewals = false;
  });
  return { keep, sandbox, aps };
}
