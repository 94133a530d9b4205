// The Autodesk users of the sandbox.

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

/** The users on the sign-in page. Their hubs are in data-management-data.ts. */
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
