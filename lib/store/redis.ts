/** A store in Redis, for instances on several machines. It is one server, or one address in front of several: not a cluster. */
import type { Backend } from './backend.ts';
import { connectRedis } from './redis-connection.ts';
import { createWatchers } from './watchers.ts';

/** How often a watched key is looked at, in milliseconds: announcements are lost while the connection is. */
const pollInterval = 2000;

/** Where all instances announce the keys that have changed. */
const channel = 'aps-mcp:changed';

/** An empty record that shows whether Redis can be used. */
const checkKey = 'aps-mcp:check';

/** Writes if the value is as expected: KEYS[1], ARGV: expected, value, lifetime in seconds. */
const replaceScript = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) return 1`;

/** Deletes if the value is as expected: KEYS[1], ARGV: expected. */
const deleteScript = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/**
 * Connects to Redis 6.2 or later. After the first connection, it reconnects whenever Redis comes back.
 *
 * @param url - `redis://` or `rediss://`, with the password and the number of the database in it
 * @param patience - how long an operation can take, in milliseconds
 * @throws {StoreUnavailable} when it cannot be reached
 */
export async function redisBackend(url: string, patience: number): Promise<Backend> {
  const { announce, watch } = createWatchers(pollInterval);
  const { run, close } = await connectRedis(url, patience, (subscriber) =>
    subscriber.subscribe(channel, announce),
  );

  return {
    get: (key) => run(async (client) => (await client.get(key)) ?? undefined),

    set: (key, text, lifetime) =>
      run(async (client) => {
        await client.set(key, text, { expiration: expiry(lifetime) });
      }),

    add: (key, text, lifetime) =>
      run(async (client) => {
        const answer = await client.set(key, text, { expiration: expiry(lifetime), condition: 'NX' });
        return answer !== null;
      }),

    replace: (key, expected, text, lifetime) =>
      run(async (client) => {
        const { value } = expiry(lifetime);
        const options = { keys: [key], arguments: [expected, text, String(value)] };
        return (await client.eval(replaceScript, options)) === 1;
      }),

    delete: (key, expected) =>
      run(async (client) => {
        if (expected === undefined) return (await client.del(key)) > 0;
        return (await client.eval(deleteScript, { keys: [key], arguments: [expected] })) === 1;
      }),

    async announce(key) {
      announce(key);
      await run((client) => client.publish(channel, key));
    },

    watch,

    check: () =>
      run(async (client) => {
        // A replica and a Redis whose memory is full answer, but refuse this; some users may not run scripts.
        await client.set(checkKey, '', { expiration: expiry(60) });
        await client.eval(deleteScript, { keys: [checkKey], arguments: ['another'] });
      }),

    close,
  };
}

/** Redis takes whole seconds, of which there must be one. */
function expiry(lifetime: number) {
  return { type: 'EX', value: Math.max(1, Math.ceil(lifetime)) } as const;
}
