/** A connection to Redis that is replaced whenever it is lost. */
import { createClient } from 'redis';
import { redisUnavailable } from './redis-trouble.ts';

export type RedisConnection = {
  /**
   * Runs a command. One that gets no answer may still take effect.
   *
   * @throws {StoreUnavailable} when it fails or gets no answer in time
   */
  run<T>(command: (client: RedisClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

type RedisClient = ReturnType<typeof newClient>;

/** A connection for commands, and one for announcements. */
type Pair = { client: RedisClient; subscriber: RedisClient; connected: Promise<void> };

/** How long to wait before the next attempt to connect, in milliseconds: a little at first. */
const reconnectDelay = (attempts: number) => Math.min(50 * 2 ** attempts, 2000);

/**
 * Connects to Redis. After the first connection, it reconnects whenever Redis comes back.
 *
 * @param url - `redis://` or `rediss://`, with the password and the number of the database in it
 * @param patience - how long a command can take, in milliseconds
 * @param subscribe - what each connection for announcements listens to
 * @throws {StoreUnavailable} when it cannot be reached
 */
export async function connectRedis(
  url: string,
  patience: number,
  subscribe: (subscriber: RedisClient) => Promise<void>,
): Promise<RedisConnection> {
  let wasThere = false;
  let isClosed = false;
  let current: Pair | undefined;

  function connect(): Pair {
    // At the start, a wrong address is an error. Later, Redis comes back.
    const client = newClient(url, patience, (attempts, cause) =>
      wasThere ? reconnectDelay(attempts) : cause,
    );
    const subscriber = client.duplicate({ disableOfflineQueue: false });
    for (const each of [client, subscriber]) follow(each, () => replace(pair));
    const connected = (async () => {
      await client.connect();
      if (!client.isOpen) return;
      await subscriber.connect();
      await subscribe(subscriber);
    })();
    connected.catch(() => {});
    const pair = { client, subscriber, connected };
    return pair;
  }

  /** @param onSilence - called if Redis accepts the connection and then never answers: `connectTimeout` is over by then */
  function follow(client: RedisClient, onSilence: () => void): void {
    let greeting: NodeJS.Timeout | undefined;
    client
      .on('connect', () => {
        greeting = setTimeout(onSilence, patience);
        greeting.unref();
      })
      // Without a listener, an error would end the process. Commands say what is wrong.
      .on('error', () => clearTimeout(greeting))
      .on('ready', () => {
        clearTimeout(greeting);
        wasThere = true;
      });
  }

  /** A connection can be dead without any sign of it. */
  function replace(dead: Pair): void {
    if (isClosed || current !== dead || !wasThere) return;
    current = connect();
    end(dead);
  }

  try {
    current = connect();
    await inTime(current.connected, 2 * patience, () => new Error('it does not answer'));
  } catch (error) {
    isClosed = true;
    if (current) end(current);
    throw redisUnavailable(url, error);
  }

  return {
    async run(command) {
      const asked = current ?? connect();
      try {
        return await inTime(command(asked.client), patience, () => {
          replace(asked);
          return new Error(`no answer within ${patience / 1000} seconds`);
        });
      } catch (error) {
        throw redisUnavailable(url, error);
      }
    },

    async close() {
      isClosed = true;
      if (current) end(current);
    },
  };
}

function newClient(
  url: string,
  connectTimeout: number,
  reconnectStrategy: (attempts: number, cause: Error) => number | Error,
) {
  return createClient({
    url,
    // A command that cannot be sent fails at once, and says so.
    disableOfflineQueue: true,
    socket: { connectTimeout, reconnectStrategy },
  });
}

function end({ client, subscriber }: Pair): void {
  for (const each of [client, subscriber]) if (each.isOpen) each.destroy();
}

/** What `work` resolves with, if that takes no longer than `limit` milliseconds. Otherwise it rejects with `late()`. */
async function inTime<T>(work: Promise<T>, limit: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), limit);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}
