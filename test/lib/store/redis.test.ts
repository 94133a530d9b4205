// A store in Redis that goes away, stands still and comes back.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createClient } from 'redis';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openStore } from '../../../lib/store/open.ts';
import { type Store, StoreUnavailable } from '../../../lib/store/store.ts';
import { closing } from '../../support/closing.ts';
import { freePort } from '../../support/ports.ts';
import { noRedis, type Redis, startRedis } from '../../support/redis.ts';
import { describeWith } from '../../support/with-programs.ts';

const secret = 'a-secret-of-a-store-0123456789-abcdef';
const keep = closing();
/** Waits for less than a server does. */
const hasty = { patience: 1000 };

describeWith('a store in Redis', [noRedis], () => {
  let redis: Redis;
  let store: Store;
  beforeAll(async () => {
    redis = keep(await startRedis());
    store = keep((await openStore(redis.url, [secret], hasty)).store);
  });

  /** Resolves as soon as the store is reached again. */
  const isBack = () => expect.poll(() => store.check(), { timeout: 10_000, interval: 50 }).toBeUndefined();

  test('says at once that it was killed, and has everything when it is back', async () => {
    await store.set('kind:a', 'kept', 60);
    await redis.kill();
    await expect(store.get('kind:a')).rejects.toThrow(StoreUnavailable);
    await expect(store.check()).rejects.toMatchObject({
      details: expect.stringMatching(/redis:\/\/127\.0\.0\.1:\d+.*Check that Redis runs/),
    });
    await redis.start();
    await isBack();
    expect(await store.get('kind:a')).toBe('kept');
  });

  test('does not wait for one that stands still, and goes on when that does', async () => {
    redis.pause();
    onTestFinished(() => redis.resume());
    await expect(store.get('kind:a')).rejects.toMatchObject({
      details: expect.stringContaining('no answer within 1 seconds'),
    });
    redis.resume();
    await isBack();
    expect(await store.get('kind:a')).toBe('kept');
  });

  test('that is lost is logged once, however many requests notice, and so is its return', async () => {
    const apart = keep(await startRedis());
    const own = keep((await openStore(apart.url, [secret], hasty)).store);
    const { host } = new URL(apart.url);
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => log.mockRestore());
    // The store of the other tests may have been lost, too.
    const lines = () => log.mock.calls.map(([line]) => String(line)).filter((line) => line.includes(host));
    for (let outages = 1; outages <= 2; outages += 1) {
      log.mockClear();
      await apart.kill();
      const asked = Array.from({ length: 20 }, (_, index) => own.get(`kind:${index}`));
      expect((await Promise.allSettled(asked)).every(({ status }) => status === 'rejected')).toBe(true);
      const lost = expect.stringContaining(`The store redis://${host} cannot be used: `);
      expect(lines()).toEqual([lost]);
      await apart.start();
      const found = `The store can be used again: Redis at ${host}.`;
      await expect.poll(lines, { timeout: 10_000, interval: 50 }).toEqual([lost, found]);
      await own.get('kind:a');
      expect(lines()).toHaveLength(2);
    }
  });

  test('hears announcements again after it was away', async () => {
    const other = keep((await openStore(redis.url, [secret], hasty)).store);
    await redis.kill();
    await redis.start();
    await isBack();
    let heard = 0;
    onTestFinished(
      store.watch('kind:b', () => {
        heard += 1;
      }),
    );
    await expect
      .poll(() => other.announce('kind:b').then(() => heard), { timeout: 10_000, interval: 50 })
      .toBeGreaterThan(0);
  });
});

describeWith('Redis that has lost its data', [noRedis], () => {
  async function emptied() {
    const redis = keep(await startRedis());
    const store = keep((await openStore(redis.url, [secret])).store);
    const operator = await createClient({ url: redis.url }).connect();
    await operator.flushAll();
    operator.destroy();
    return { redis, store };
  }

  test('is used with the same key by an instance that starts later', async () => {
    const { redis, store } = await emptied();
    await store.check();
    await store.set('kind:a', 'written after the loss', 60);
    const later = keep((await openStore(redis.url, [secret])).store);
    expect(await later.get('kind:a')).toBe('written after the loss');
    await Promise.all([store.check(), later.check()]);
  });

  test('and was begun anew by another instance is not ready', async () => {
    const { redis, store } = await emptied();
    const later = keep((await openStore(redis.url, [secret])).store);
    await expect(store.check()).rejects.toMatchObject({
      details: expect.stringContaining('Restart this instance'),
    });
    await later.check();
  });

  test('stays ready while its secret is replaced, also by one that this instance does not know', async () => {
    const { redis, store } = await emptied();
    await store.check();
    const later = keep((await openStore(redis.url, [`new-${secret}`, secret])).store);
    await Promise.all([store.check(), later.check()]);
  });
});

describeWith('Redis at the start', [noRedis], () => {
  test('that is not there is named, without the password', async () => {
    const port = await freePort();
    await expect(openStore(`redis://user:hidden-0815@127.0.0.1:${port}/3`, [secret], hasty)).rejects.toThrow(
      new RegExp(
        `^The store redis://127\\.0\\.0\\.1:${port}/3 cannot be used: .*ECONNREFUSED.*Check that Redis runs there`,
      ),
    );
  });

  test('that refuses the password says so, without it', async () => {
    const redis = keep(await startRedis());
    const operator = await createClient({ url: redis.url }).connect();
    await operator.configSet('requirepass', 'right-0815');
    operator.destroy();
    const url = redis.url.replace('//', '//:hidden-0815@');
    const refusal = await openStore(url, [secret], hasty).catch((error: Error) => error.message);
    expect(refusal).toMatch(/AUTH|WRONGPASS/);
    expect(refusal).toContain('Check the user name and the password in STORE_URL');
    expect(refusal).not.toContain('hidden-0815');
  });

  test.each([
    [
      'without a command that is needed',
      'ACL SETUSER limited on >limited ~* &* +@all -eval',
      'Allow this user every command',
    ],
    [
      'without its keys',
      'ACL SETUSER limited on >limited ~others:* &* +@all',
      'Allow this user every command',
    ],
    ['whose memory is full', 'CONFIG SET maxmemory 1', 'more memory (maxmemory)'],
    ['that is a replica', 'REPLICAOF 127.0.0.1 1', 'set STORE_URL to the primary'],
  ])('%s says what to do', async (_what, command, advice) => {
    const redis = keep(await startRedis());
    const operator = await createClient({ url: redis.url }).connect();
    await operator.sendCommand(command.split(' '));
    operator.destroy();
    const url = command.startsWith('ACL') ? redis.url.replace('//', '//limited:limited@') : redis.url;
    await expect(openStore(url, [secret], hasty)).rejects.toThrow(advice);
  });

  test('without the database that the path names says so', async () => {
    const redis = keep(await startRedis());
    await expect(openStore(`${redis.url}/99`, [secret], hasty)).rejects.toThrow('a database that exists');
  });

  test('without TLS at an address with rediss: says so, in one line', async () => {
    const port = await listening((socket) =>
      socket.on('data', () => socket.write('-ERR unknown command\r\n')),
    );
    await expect(openStore(`rediss://127.0.0.1:${port}`, [secret], hasty)).rejects.toThrow(
      /^The store .+ cannot be used: [^\n]+write redis: instead of rediss:\.$/,
    );
  });

  test('needs a secret, since what lies there is encrypted', async () => {
    await expect(openStore('redis://127.0.0.1:1', [])).rejects.toThrow(/STORE_SECRET is missing/);
  });

  test.each([
    ['redis://:hidden-0815@127.0.0.1:1/abc', 'number of a database'],
    ['redis://:hidden-0815%@127.0.0.1:1', '% in a password is written as %25'],
  ])('with an address that makes no sense (%s) says what to correct', async (url, advice) => {
    const refusal = await openStore(url, [secret], hasty).catch((error: Error) => error.message);
    expect(refusal).toContain(advice);
    expect(refusal).not.toContain('hidden-0815');
  });

  test('that takes the connection and says nothing is not waited for', async () => {
    const port = await listening(() => {});
    await expect(openStore(`redis://127.0.0.1:${port}`, [secret], hasty)).rejects.toThrow(
      /it does not answer/,
    );
  });
});

/** Listens until the test ends. Resolves with the port. */
async function listening(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer(onConnection).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
