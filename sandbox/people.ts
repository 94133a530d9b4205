// Who did something: a user, a service account, or an application by itself.
import type { Person } from './data-management-tree.ts';
import type { Asker } from './hub-access.ts';
import { emailOf } from './service-account-store.ts';
import type { SandboxState } from './state.ts';
import type { User } from './users.ts';

/** The person that a new folder or version names. */
export function personOf(state: SandboxState, { clientId, userId = clientId }: Asker): Person {
  const name =
    findUser(state, userId)?.name ??
    state.applications.find((application) => application.clientId === userId)?.name ??
    userId;
  return { userId, name };
}

/** The profile of a user or service account. Undefined if there is none with this id. */
export function findUser(
  { serviceAccounts, users }: Pick<SandboxState, 'serviceAccounts' | 'users'>,
  id: string,
): User | undefined {
  const account = serviceAccounts.find(id);
  if (account === undefined) return users.find(({ userId }) => userId === id);
  const { firstName: givenName, lastName: familyName } = account;
  return {
    userId: id,
    name: `${givenName} ${familyName}`,
    givenName,
    familyName,
    locale: 'en-US',
    email: emailOf(account),
    emailVerified: true,
  };
}
