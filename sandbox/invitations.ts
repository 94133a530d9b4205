// Invites service accounts to the hubs of the sandbox.
import { emailOf } from './service-account-store.ts';
import type { SandboxState } from './state.ts';

/**
 * Who was invited, and the names of the hubs.
 *
 * @example
 * import type { Invitation } from 'aps-mcp/sandbox';
 *
 * export const said = ({ email, hubs }: Invitation): string => `${email} can see ${hubs.join(', ')}.`;
 */
export type Invitation = { id: string; email: string; hubs: string[] };

/**
 * Invites a service account, by its id or email address, to the hubs of the one that the sandbox starts with. In
 * Construction Cloud, a project admin invites it like a person. Throws an `Error` if there is no such account.
 */
export function inviteServiceAccount(
  { hubAccess, serviceAccounts }: Pick<SandboxState, 'hubAccess' | 'serviceAccounts'>,
  idOrEmail: string,
): Invitation {
  const account = serviceAccounts.find(idOrEmail) ?? serviceAccounts.findByEmail(idOrEmail);
  if (account === undefined) throw new Error(`The sandbox has no service account ${idOrEmail}`);
  return { id: account.id, email: emailOf(account), hubs: hubAccess.invite(account.id) };
}
