/** A definition whose tool runs until it is told to stop, and tells what happens to it. */
import { EventEmitter, once } from 'node:events';
import { FastMCP } from 'fastmcp';
import type { Caller } from '../../lib/caller.ts';

export type Waiting = {
  server: FastMCP<Caller>;
  /** Resolves when the next call of the tool has begun. */
  begun(): Promise<unknown>;
  /** Resolves when the signal of the next call of the tool has aborted. */
  stopped(): Promise<unknown>;
  /** Lets the calls that run finish. */
  finish(): void;
};

/** Has the tools `wait`, which reports progress when it is stopped, and `echo`, which answers `text` at once. */
export function waitingDefinition(): Waiting {
  const events = new EventEmitter();
  const server = new FastMCP<Caller>({ name: 'Waiting', version: '1.0.0' });
  server.addTool({
    name: 'wait',
    description: 'Runs until it is told to stop.',
    execute: async (_args, { signal, reportProgress }) => {
      const end = Promise.race([once(signal, 'abort'), once(events, 'finish')]);
      events.emit('begun');
      await end;
      await reportProgress({ progress: 1 });
      if (signal.aborted) events.emit('stopped');
      return 'finished';
    },
  });
  server.addTool({ name: 'echo', description: 'Answers at once.', execute: async () => 'here' });
  return {
    server,
    begun: () => once(events, 'begun'),
    stopped: () => once(events, 'stopped'),
    finish: () => events.emit('finish'),
  };
}
