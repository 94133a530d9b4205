// Users that a developer's test adds to the sandbox.
import { z } from 'zod';
import { alreadyThere, checked } from './own-options.ts';
import { demoServiceAccount } from './service-account-store.ts';
import { demoUsers, type User } from './users.ts';

const userSchema = z.strictObject({
  /** The Autodesk id, for `signIn` and the members of hubs. */
  userId: z.string().regex(/^\w+$/, 'must consist of letters and digits'),
  name: z.string().min(1),
  email: z.email(),
  /** Default: the first word of the name. */
  givenName: z.string().optional(),
  /** Default: the other words of the name. */
  familyName: z.string().optional(),
  /** Language and country. Default `en-US`. */
  locale: z
    .string()
    .regex(/^[a-z]{2}-[A-Z]{2}$/, 'must be a language and a country, as in en-US')
    .optional(),
  /** Whether Autodesk has verified that the address is theirs. Default true. */
  emailVerified: z.boolean().optional(),
});

/**
 * A person who can sign in.
 *
 * @example
 * import type { SandboxUser } from 'aps-mcp/sandbox';
 *
 * export const frida: SandboxUser = { userId: 'FRIDA', name: 'Frida Engineer', email: 'frida@plant.example' };
 */
export type SandboxUser = z.input<typeof userSchema>;

const taken = [...demoUsers.map(({ userId }) => userId), demoServiceAccount.id];
const usersSchema = z.array(userSchema).superRefine((users, context) => {
  const own = users.map(({ userId }, index) => ({ key: userId, name: userId, path: [index, 'userId'] }));
  alreadyThere(context, [...taken.map((id) => ({ key: id, name: id, path: [] })), ...own]);
});

/** The users, before those of every sandbox. Throws a `TypeError` if one is wrong. */
export function withOwnUsers(given: readonly SandboxUser[]): User[] {
  const own = checked('users', usersSchema, given).map((user): User => {
    const [first = '', ...rest] = user.name.split(' ');
    const { givenName = first, familyName = rest.join(' '), locale = 'en-US', emailVerified = true } = user;
    return { ...user, givenName, familyName, locale, emailVerified };
  });
  return [...own, ...demoUsers];
}
