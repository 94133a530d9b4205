// The callback port of a server over stdio: open only while a sign-in is under way, so that several servers can take turns.
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type CallbackPort, callbackPort } from '../../../../lib/serve/launch/callback-port.ts';
import { StartupError } from '../../../../lib/startup-error.ts';
import { freePort, holdPort } from '../../../support/ports.ts';
import { send } from '../../../support/raw-http.ts';
import { until } from '../../../support/until.ts';

const second = 1000;
const minute = 60 * second;
const answering = async () => new Response('a page');
let said: string[];

beforeEach(() => {
  said = [];
  vi.spyOn(console, 'error').mockImplementation((line) => void said.push(String(line)));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A callback port that is closed with the test. */
function portOf(port: number, fetch: Parameters<typeof callbackPort>[1] = answering): CallbackPort {
  const callback = callbackPort(port, fetch);
  onTestFinished(() => callback.close());
  return callback;
}

const ask = (port: number) => send(`http://127.0.0.1:${port}/callback`);

/** Lets so much time pass, whatever is waiting for the next attempt. */
async function pass(milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 500) {
    await until(() => vi.getTimerCount() > 0);
    vi.advanceTimersByTime(Math.min(500, left));
  }
}

describe('the port', () => {
  test('is free until a sign-in needs it, and again when that is over', async () => {
    const port = await freePort();
    const callback = portOf(port);
    await (await holdPort(port)).close();
    expect(await callback.open()).toBe(port);
    expect(await ask(port)).toMatchObject({ status: 200, body: 'a page' });
    callback.release();
    await (await holdPort(port)).close();
    expect(await callback.open()).toBe(port);
    expect((await ask(port)).status).toBe(200);
  });

  test('is any that is free for 0, and the same for sign-ins at one time', async () => {
    const callback = portOf(0);
    const [one, other] = await Promise.all([callback.open(), callback.open()]);
    expect([other, await callback.open()]).toEqual([one, one]);
    expect(one).toBeGreaterThan(0);
  });

  test('stays open for ten minutes after the last sign-in began', async () => {
    const callback = portOf(0);
    const port = await callback.open();
    vi.advanceTimersByTime(9 * minute);
    await callback.open();
    vi.advanceTimersByTime(10 * minute - 1);
    expect((await ask(port)).status).toBe(200);
    vi.advanceTimersByTime(1);
    await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
    await (await holdPort(port)).close();
  });

  test('closes after the page that ends the sign-in has been sent', async () => {
    const callback = portOf(0, async () => {
      callback.release();
      return new Response('you are signed in');
    });
    const port = await callback.open();
    expect(await ask(port)).toMatchObject({ status: 200, body: 'you are signed in' });
    await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('closes with the server, and nothing keeps the process alive', async () => {
    const callback = callbackPort(0, answering);
    const port = await callback.open();
    await callback.close();
    await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a port that another program has', () => {
  test('is waited for, which is said once', async () => {
    const holder = await holdPort();
    const opened = portOf(holder.port).open();
    await pass(20 * second);
    expect(said).toEqual([expect.stringMatching(new RegExp(`${holder.port}.*another server.*[Ww]aiting`))]);
    await holder.close();
    await pass(500);
    expect(await opened).toBe(holder.port);
    expect((await ask(holder.port)).status).toBe(200);
  });

  test('is an error after 30 seconds that says what to do, and can be tried again', async () => {
    const holder = await holdPort();
    const callback = portOf(holder.port);
    const outcome = callback.open().then(
      () => expect.unreachable(),
      (error: unknown) => error,
    );
    await pass(30 * second);
    const error = await outcome;
    expect(error).toBeInstanceOf(StartupError);
    for (const part of [String(holder.port), 'sign-in', 'try again', '--port'])
      expect(String(error)).toContain(part);
    await holder.close();
    expect(await callback.open()).toBe(holder.port);
  });

  test('is not waited for by a server that ends', async () => {
    const holder = await holdPort();
    const callback = callbackPort(holder.port, answering);
    const refusal = expect(callback.open()).rejects.toBeInstanceOf(StartupError);
    await until(() => said.length > 0);
    const closed = callback.close();
    await pass(500);
    await Promise.all([closed, refusal]);
  });

  test('is given to one server after the other', async () => {
    const port = await freePort();
    const [one, other] = [portOf(port), portOf(port)];
    await one.open();
    const opened = other.open();
    await pass(second);
    one.release();
    await pass(second);
    expect(await opened).toBe(port);
    other.release();
    expect(await one.open()).toBe(port);
  });
});
