// The people with an Autodesk account in the sandbox.

export type User = {
  /** The Autodesk id: `userid` in tokens, `sub` in userinfo. */
  userId: string;
  name: string;
  email: string;
};

/** The people that the sign-in page offers. What each of them sees is in data-management-data.ts. */
export const demoUsers: readonly User[] = [
  { userId: 'SBXUSERALICE', name: 'Alice Architect', email: 'alice@sandbox.example' },
  { userId: 'SBXUSERBENJI', name: 'Benji Builder', email: 'benji@sandbox.example' },
  { userId: 'SBXUSERCHIEN', name: '陳 Chien', email: 'chien@sandbox.example' },
];
