// Who did something: a user, a service account, or an application by itself.
import type { Person } from './data-management-tree.ts';
import type { Asker } from './hub-access.ts';
import type { SandboxState } from './state.ts';
import { demoUsers } from './users.ts';

/** The person that a new folder or version names. */
export function personOf(
  { applications, serviceAccounts }: SandboxState,
  { clientId, userId = clientId }: Asker,
): Person {
  const account = serviceAccounts.find(userId);
  const name =
    account !== undefined
      ? `${account.firstName} ${account.lastName}`
      : (demoUsers.find((user) => user.userId === userId)?.name ??
        applications.find((application) => application.clientId === userId)?.name ??
        userId);
  return { userId, name };
}
