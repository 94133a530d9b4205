/** What is wrong with Redis, and what to do about it, in words. */
import { StoreUnavailable } from './store.ts';

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

/** @param url - the address of Redis; its password is not shown */
export function redisUnavailable(url: string, error: unknown): StoreUnavailable {
  const reason = reasonOf(error);
  const advice = advices.find(([words]) => words.test(reason))?.[1];
  return new StoreUnavailable(
    `The store ${withoutPassword(url)} cannot be used: ${reason}. ${advice ?? 'Check that Redis runs there and accepts connections from this machine.'}`,
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
