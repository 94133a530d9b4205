// The Autodesk users of the sandbox.

/**
 * An Autodesk user of the sandbox.
 *
 * @example
 * import type { User } from 'aps-mcp/sandbox';
 *
 * export const addressOf = ({ name, email }: User): string => `${name} <${email}>`;
 */
export type User = {
  /** The Autodesk id: `userid` in tokens, `sub` in userinfo. */
  userId: string;
  name: string;
  givenName: string;
  familyName: string;
  /** Language and country, as in `en-US`. */
  locale: string;
  email: string;
  /** Whether Autodesk has verified that the address is theirs. */
  emailVerified: boolean;
};

/**
 * The users on the sign-in page, in its order. Their hubs are in {@link demoHubs}.
 *
 * @example
 * import { demoUsers } from 'aps-mcp/sandbox';
 *
 * export const names = demoUsers.map(({ name }) => name); // ['Alice Architect', 'Benji Builder', '陳 Chien']
 */
export const demoUsers: readonly User[] = [
  {
    userId: 'SBXUSERALICE',
    name: 'Alice Architect',
    givenName: 'Alice',
    familyName: 'Architect',
    locale: 'en-US',
    email: 'alice@sandbox.example',
    emailVerified: true,
  },
  {
    userId: 'SBXUSERBENJI',
    name: 'Benji Builder',
    givenName: 'Benji',
    familyName: 'Builder',
    locale: 'en-GB',
    email: 'benji@sandbox.example',
    emailVerified: true,
  },
  {
    userId: 'SBXUSERCHIEN',
    name: '陳 Chien',
    givenName: 'Chien',
    familyName: '陳',
    locale: 'zh-TW',
    email: 'chien@sandbox.example',
    emailVerified: false,
  },
];
