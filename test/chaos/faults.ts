/** What goes wrong in a run: an instance or Redis is killed and started again, or stands still for a while. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Instance } from '../support/instances.ts';
import type { Redis } from '../support/redis.ts';

export type Faults = {
  /** Makes one happen, and waits until what was killed runs again. Says what it was. */
  next(): Promise<string>;
};

/** @param variables - those with which an instance starts again */
export function createFaults(
  instances: readonly Instance[],
  redis: Redis,
  random: () => number,
  variables: (instance: Instance) => Record<string, string>,
  onKill: (instance: Instance) => void,
): Faults {
  /** Up to two seconds, in milliseconds. */
  const aWhile = () => 100 + random() * 1900;
  const anyOf = () => {
    const instance = instances[Math.floor(random() * instances.length)];
    if (!instance) throw new Error('There is no instance');
    return instance;
  };

  const kinds: readonly (() => Promise<string>)[] = [
    async () => {
      const instance = anyOf();
      onKill(instance);
      await instance.kill();
      await instance.start(variables(instance));
      return 'an instance was killed';
    },
    async () => {
      const { program } = anyOf();
      program.signal('SIGSTOP');
      await wait(aWhile());
      program.signal('SIGCONT');
      return 'an instance stood still';
    },
    async () => {
      await redis.kill();
      await wait(random() * 1000);
      await redis.start();
      return 'Redis was killed';
    },
    async () => {
      redis.pause();
      await wait(aWhile());
      redis.resume();
      return 'Redis stood still';
    },
  ];

  return {
    async next() {
      const kind = kinds[Math.floor(random() * kinds.length)];
      if (!kind) throw new Error('There is no such fault');
      return kind();
    },
  };
}
