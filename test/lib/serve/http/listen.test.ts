// Where a server can be reached, and what is said when it cannot listen there.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { listen } from '../../../../lib/serve/http/listen.ts';
import { StartupError } from '../../../../lib/startup-error.ts';
import { closing } from '../../../support/closing.ts';
import { send } from '../../../support/raw-http.ts';
import { serve } from '../../../support/serving.ts';
import { waitingDefinition } from '../../../support/waiting.ts';

const keep = closing();
const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
// The reporter lists skipped tests, but not why they were.
if (!hasIPv6) console.error('The tests of listening on [::1] are skipped: this machine has no IPv6.');

async function problem(host: string, port: number): Promise<StartupError> {
  const outcome = await listen(host, port).catch((error: unknown) => error);
  if (outcome instanceof StartupError) return outcome;
  throw new Error(`Expected a StartupError, got ${String(outcome)}`);
}

describe('localhost', () => {
  test.runIf(hasIPv6)('is reached as localhost, 127.0.0.1 and [::1] (on a machine with IPv6)', async () => {
    const { port, url } = keep(await serve(waitingDefinition().server));
    expect(url).toBe(`http://localhost:${port}`);
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      expect((await send(`http://${host}:${port}/health`)).status).toBe(200);
  });

  test('is reached as localhost and 127.0.0.1', async () => {
    const { port } = keep(await serve(waitingDefinition().server));
    for (const host of ['localhost', '127.0.0.1'])
      expect((await send(`http://${host}:${port}/health`)).status).toBe(200);
  });
});

describe('a port', () => {
  test('that is taken is named, with the option that chooses another', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const { message } = await problem('localhost', port);
    expect(message).toMatch(new RegExp(`${port} is taken.*--port 8080`));
    holder.close();
  });

  test.runIf(hasIPv6)('that is taken on [::1] alone is taken, and is not half used', async () => {
    const holder = createServer().listen(0, '::1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    expect((await problem('localhost', port)).message).toContain(`${port} is taken`);
    const free = createServer().listen(port, '127.0.0.1');
    await once(free, 'listening');
    free.close();
    holder.close();
  });
});

test.each(['192.0.2.1', 'no-such-host.invalid'])(
  'a host that is not this machine (%s) is named',
  async (host) => {
    const { message } = await problem(host, 0);
    for (const part of [host, '--host localhost']) expect(message).toContain(part);
  },
);

test('an answer on its way is waited for, and new connections are refused', async () => {
  const events = new EventEmitter();
  const arrived = once(events, 'arrived');
  const listener = await listen('127.0.0.1', 0);
  expect((await send(listener.url)).status).toBe(503);
  listener.serve(async () => {
    events.emit('arrived');
    await once(events, 'finish');
    return new Response('at last');
  });
  const running = send(listener.url);
  await arrived;
  listener.close();
  await expect(send(listener.url)).rejects.toThrow('ECONNREFUSED');
  let idle = false;
  const waited = listener.idle().then(() => {
    idle = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(idle).toBe(false);
  events.emit('finish');
  await waited;
  expect((await running).body).toBe('at last');
  listener.disconnect();
});
