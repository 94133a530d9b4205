/** Who can use a server: everybody who signs in, or those whom the operator has listed. */
import { type AllowedUser, entryOf } from '../../config/allowed-users.ts';

/** A person who has signed in. */
export type SignedInUser = {
  /** Their id at the authorization server (`sub`). */
  subject: string;
  /** Their email address, if that server has verified it. */
  verifiedEmail?: string;
  /** What they are called. For display only. */
  name?: string;
};

export type AllowedUsers = {
  /** Why somebody cannot use the server, and what to do about it; undefined if they can. */
  refusalOf(user: SignedInUser): string | undefined;
  /** Who can use it, in words, of those who sign in as `how` says. */
  describe(how: string): string;
};

/** @param list - undefined if everybody can */
export function createAllowedUsers(list: readonly AllowedUser[] | undefined): AllowedUsers {
  if (!list) return { refusalOf: () => undefined, describe: (how) => `everybody ${how}` };
  const listed = (kind: AllowedUser['kind'], value: string | undefined) =>
    value !== undefined && list.some((entry) => entry.kind === kind && sameIn(kind, entry.value, value));

  return {
    refusalOf({ subject, verifiedEmail, name }) {
      const [address, domain] = partsOf(verifiedEmail);
      if (listed('id', subject) || listed('address', address) || listed('domain', domain)) return undefined;
      const entry = entryOf(subject);
      const who = name === undefined || name === subject ? `The user ${entry}` : `${name} (id ${entry})`;
      return `${who} is not on the list of users of this server. Ask its operator to add ${entry} to MCP_ALLOWED_USERS.`;
    },

    describe(how) {
      const domains = list.filter(({ kind }) => kind === 'domain').length;
      const counts = [count(list.length - domains, 'user'), count(domains, 'domain')].filter(Boolean);
      return `those in MCP_ALLOWED_USERS (${counts.join(', ')}) ${how}`;
    },
  };
}

/** An address and its domain, if it is one that can be compared: with one `@`, and nothing that mail would need quotes for. */
function partsOf(email: string | undefined): [address?: string, domain?: string] {
  const [, domain] = /^[^\s@",<>]+@([^\s@",<>]+)$/.exec(email ?? '') ?? [];
  return domain === undefined ? [] : [email, domain];
}

/** Ids are compared as they are. Other scripts have letters whose small ones are those of ASCII, so only its own are folded. */
function sameIn(kind: AllowedUser['kind'], listed: string, given: string): boolean {
  return kind === 'id' ? listed === given : inSmallLetters(listed) === inSmallLetters(given);
}

function inSmallLetters(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function count(number: number, what: string): string | undefined {
  return number === 0 ? undefined : `${number} ${what}${number === 1 ? '' : 's'}`;
}
