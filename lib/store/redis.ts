/** A store in Redis, for instances on several machines. It is one server, or one address in front of several: not a cluster. */
import { createClient } from 'redis';
import type { Backend } from './backend.ts';
import { StoreUnavailable } from './store.ts';
import { createWatchers } from './watchers.ts';

/** How long to wait before the next attempt to connect, in milliseconds: a little at first. */
const reconnectDelay = (attempts: number) => Math.min(50 * 2 ** attempts, 2000);

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
  const where = withoutPassword(url);
  const { announce, watch } = createWatchers(pollInterval);
  let wasThere = false;
  let isClosed = false;

  /** A connection for commands, and one for announcements. */
  function connect() {
    const client = createClient({
      url,
      // A command that cannot be sent fails at once, and says so.
      disableOfflineQueue: true,
      socket: {
        connectTimeout: patience,
        // At the start, a wrong address is an error. Later, Redis comes back.
        reconnectStrategy: (attempts, cause) => (wasThere ? reconnectDelay(attempts) : cause),
      },
    });
    const subscriber = client.duplicate({ disableOfflineQueue: false });
    // Without a listener, an error would end the process. Operations say what is wrong.
    for (const each of [client, subscriber]) {
      let greeting: NodeJS.Timeout | undefined;
      each
        // A server can accept the connection and then never answer: `connectTimeout` is over by then.
        .on('connect', () => {
          greeting = setTimeout(() => replaceConnection(connection), patience);
          greeting.unref();
        })
        .on('error', () => clearTimeout(greeting))
        .on('ready', () => {
          clearTimeout(greeting);
          wasThere = true;
        });
    }
    const connected = (async () => {
      await client.connect();
      if (!client.isOpen) return;
      await subscriber.connect();
      await subscriber.subscribe(channel, announce);
    })();
    connected.catch(() => {});
    const connection = { client, subscriber, connected };
    return connection;
  }

  /** A connection can be dead without any sign of it. */
  function replaceConnection(dead: typeof current): void {
    if (isClosed || current !== dead || !wasThere) return;
    current = connect();
    end(dead);
  }

  let current: ReturnType<typeof connect>;

  /** Runs a command. One that gets no answer may still take effect. */
  async function run<T>(command: (client: typeof current.client) => Promise<T>): Promise<T> {
    const asked = current;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        replaceConnection(asked);
        reject(new Error(`no answer within ${patience / 1000} seconds`));
      }, patience);
    });
    try {
      return await Promise.race([command(asked.client), silence]);
    } catch (error) {
      throw unavailable(where, error);
    } finally {
      clearTimeout(timer);
    }
  }

  function end({ client, subscriber }: typeof current): void {
    for (const each of [client, subscriber]) if (each.isOpen) each.destroy();
  }

  const first = start();
  current = first;
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), 2 * patience);
  });
  try {
    await Promise.race([first.connected, silence]);
  } catch (error) {
    isClosed = true;
    end(first);
    throw unavailable(where, error);
  } finally {
    clearTimeout(timer);
  }

  /** @throws {StoreUnavailable} when the address makes no sense */
  function start(): typeof current {
    try {
      return connect();
    } catch (error) {
      throw unavailable(where, error);
    }
  }

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

    take: (key) => run(async (client) => (await client.getDel(key)) ?? undefined),

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
        // A replica and a Redis whose memory is full answer, but refuse this; Redis before 6.2 and some users refuse the rest.
        await client.set(checkKey, '', { expiration: expiry(60) });
        await client.eval(deleteScript, { keys: [checkKey], arguments: ['another'] });
        await client.getDel(checkKey);
      }),

    async close() {
      isClosed = true;
      end(current);
    },
  };
}

/** Redis takes whole seconds, of which there must be one. */
function expiry(lifetime: number) {
  return { type: 'EX', value: Math.max(1, Math.ceil(lifetime)) } as const;
}

/** What to do about an error of Redis, by its words. The first that fits counts. */
const advices: readonly (readonly [RegExp, string])[] = [
  [/NOAUTH|WRONGPASS/, 'Check the user name and the password in STORE_URL.'],
  [/NOPERM/, 'Allow this user every command on the keys and channels aps-mcp:*.'],
  [/^OOM/, 'Give Redis more memory (maxmemory).'],
  [/^READONLY/, 'This is a replica: set STORE_URL to the primary.'],
  [/unknown command/i, 'Use Redis 6.2 or newer.'],
  [/DB index|Invalid pathname/, 'Correct STORE_URL: its path must be the number of a database that exists.'],
  [/URI malformed/, 'Correct STORE_URL: % in a password is written as %25.'],
  [/certificate/i, 'If your own authority issued the certificate, set NODE_EXTRA_CA_CERTS to its file.'],
  [/wrong version number|packet length/, 'If this port does not use TLS, write redis: instead of rediss:.'],
];

function unavailable(where: string, error: unknown): StoreUnavailable {
  const reason = reasonOf(error);
  const advice = advices.find(([words]) => words.test(reason))?.[1];
  return new StoreUnavailable(
    `The store ${where} cannot be used: ${reason}. ${advice ?? 'Check that Redis runs there and accepts connections from this machine.'}`,
    { cause: error },
  );
}

/** Some connection errors wrap their reasons; those of OpenSSL put them between numbers and paths. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  const words = error instanceof Error ? error.message : String(error);
  return /SSL routines:[^:]*:([^:]+)/.exec(words)?.[1] ?? words;
}

/** An address that can be shown. */
function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
