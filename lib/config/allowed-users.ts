/** The schema of the people who can use a server: their addresses, the domains of these, or their ids. */
import { z } from 'zod';
import { commaSeparated } from './schemas.ts';

/** Whom an entry of the list lets in. */
export type AllowedUser = {
  /** What is compared: a verified email address, its domain, or the id at the authorization server (`sub`). */
  kind: 'address' | 'domain' | 'id';
  value: string;
};

/**
 * Entries, separated by commas: `ada@works.example` is an address, `@works.example` a domain, and anything else an id. An id
 * can also stand behind `id:`, percent-encoded. One that contains `@` must, because a login can look like an address.
 *
 * A message names an entry by its position only. Undefined if there is no entry.
 */
export const allowedUsers = commaSeparated.transform((entries, context): AllowedUser[] | undefined => {
  if (entries.length === 0) return undefined;
  const users = entries.map(read);
  const wrong = users.indexOf(undefined);
  if (wrong < 0) return users.filter((user) => user !== undefined);
  context.addIssue(
    `has a mistake in entry ${wrong + 1}: it must be an address (ada@works.example), a domain (@works.example) or an id, ` +
      'without patterns and spaces',
  );
  return z.NEVER;
});

/** How an id is written so that it is one entry, and lets in nobody else. */
export function entryOf(id: string): string {
  return readsAsItself(id) ? id : `id:${id.replace(/[%,*\s\p{Cc}]/gu, encodeURIComponent)}`;
}

function readsAsItself(id: string): boolean {
  const user = read(id);
  return user?.kind === 'id' && user.value === id && !id.includes(',');
}

function read(entry: string): AllowedUser | undefined {
  if (entry.startsWith('id:')) return idIn(entry.slice('id:'.length));
  if (/[\s*]/.test(entry)) return undefined;
  if (!entry.includes('@')) return { kind: 'id', value: entry };
  const [local, domain, ...more] = entry.split('@');
  // Names of DNS without a dot at the end, as addresses have them (RFC 5321, section 2.3.5).
  if (!domain || more.length > 0 || domain.split('.').includes('')) return undefined;
  return local ? { kind: 'address', value: entry } : { kind: 'domain', value: domain };
}

function idIn(encoded: string): AllowedUser | undefined {
  try {
    const value = decodeURIComponent(encoded);
    return value === '' ? undefined : { kind: 'id', value };
  } catch {
    return undefined;
  }
}
