// A server whose store is down says so, to each who asks in their own way, and recovers by itself.
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createReadiness } from '../../../../lib/serve/http/readiness.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { connect } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { authorizeAddress, newClient } from '../../../support/oauth-requests.ts';
import { alice } from '../../../support/people.ts';
import { send } from '../../../support/raw-http.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import { askedAddress, open, signInAt } from '../../../support/sign-in.ts';
import { serveWith } from '../../../support/signing-in.ts';
import { hubsOf, said } from '../../../support/tool-results.ts';
import { outage, watchedStore } from '../../../support/watched-store.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const keep = closing();
const sandbox = keep(await startSandbox());
const store = watchedStore();
const served = keep(await serveWith(sandbox, threeLegged, 'none', { store }));
afterEach(() => {
  store.pause = async () => {};
});
/** What everybody is told: not where the store is, nor what is wrong with it. */
const unreachable = 'The server cannot reach its store at the moment. Try again in a minute.';
const ready = async (at = served.url) => {
  const { status, body, headers } = await send(`${at}/ready`);
  const retryAfter = headers['retry-after'];
  return { code: status, ...JSON.parse(body), ...(retryAfter && { retryAfter }) };
};

test('tools say what is wrong, and work when the store is up again', async () => {
  const client = keep(await connect(served.url, 'legacy'));
  await signInAt(sandbox, await askedAddress(client), alice);
  store.pause = outage;
  for (const tool of ['list_hubs', 'sign_out'])
    expect(await said(client, tool)).toEqual({
      isError: true,
      text: unreachable,
    });
  expect((await client.listTools()).tools.length).toBeGreaterThan(3);
  store.pause = async () => {};
  expect(await hubsOf(client)).toEqual(alice.hubs);
});

test('a person who comes back from Autodesk meanwhile is told on a page', async () => {
  const client = keep(await connect(served.url, 'legacy'));
  await client.callTool({ name: 'sign_out' });
  const back = await sandbox.signIn(await askedAddress(client), alice);
  store.pause = outage;
  const page = await open(back);
  expect([page.status, page.heading]).toEqual([503, 'This server is unavailable at the moment']);
  expect(page.text).toContain(unreachable);
  expect(page.headers.get('retry-after')).toBe('5');
  store.pause = async () => {};
  expect((await open(back)).heading).toBe('You are signed in');
});

test('whoever opens the front page meanwhile is told on a page', async () => {
  store.pause = outage;
  const page = await send(`${served.url}/`, { headers: { accept: 'text/html' } });
  expect([page.status, page.headers['retry-after']]).toEqual([503, '5']);
  expect(page.body).toContain(unreachable);
});

test('a browser on its way to an MCP client gets a page, and a program an error', async () => {
  const authorizing = keep(await serveWith(sandbox, threeLegged, 'autodesk', { store }));
  const browser = openBrowser();
  const consent = await browser.open(authorizeAddress(authorizing, await newClient(authorizing)));
  const { url } = await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`);
  const back = await sandbox.signIn(url, alice);
  store.pause = outage;
  const page = await send(back, { headers: { accept: 'text/html,*/*' } });
  expect([page.status, page.headers['retry-after']]).toEqual([503, '5']);
  expect(page.body).toMatch(/<h1>This server is unavailable.*The server cannot reach its store/s);
  const error = await send(back);
  expect([error.status, error.headers['retry-after']]).toEqual([503, '5']);
  expect(JSON.parse(error.body)).toMatchObject({
    error: { message: unreachable },
  });
});

describe('/ready', () => {
  test('is 200 while the store answers, and 503 while it does not; /health is 200', async () => {
    expect(await ready()).toEqual({ code: 200, status: 'ready' });
    store.pause = outage;
    expect(await ready()).toEqual({ code: 503, status: 'store unavailable', retryAfter: '5' });
    expect((await send(`${served.url}/health`)).status).toBe(200);
    store.pause = async () => {};
    expect(await ready()).toEqual({ code: 200, status: 'ready' });
  });

  test('does not wait for a store that is silent, and asks it once at a time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    let checks = 0;
    const silent = createReadiness({
      check: () => {
        checks += 1;
        return new Promise(() => {});
      },
    });
    const answers = Promise.all([silent.answer(), silent.answer(), silent.answer()]);
    await vi.advanceTimersByTimeAsync(2000);
    expect((await answers).map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(checks).toBe(1);
  });

  test('is 503 as soon as the server ends, while the port still answers', async () => {
    const ending = await serveWith(sandbox, threeLegged, 'none', { shutdownDelay: 0.5 });
    expect((await ready(ending.url)).code).toBe(200);
    const stopped = ending.stop();
    expect(await ready(ending.url)).toEqual({ code: 503, status: 'ending', retryAfter: '5' });
    const client = await connect(ending.url, 'legacy');
    expect((await client.listTools()).tools.length).toBeGreaterThan(3);
    await client.close();
    await stopped;
    await expect(send(`${ending.url}/ready`)).rejects.toThrow('ECONNREFUSED');
  });
});
