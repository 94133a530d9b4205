// Access to hubs: for members, through applications that the account admin approved.
import { type Application, otherApplication } from './applications.ts';
import { demoHubs } from './data-management-data.ts';
import type { Hub } from './data-management-tree.ts';
import { demoServiceAccount } from './service-account-store.ts';

/** The caller: a user or service account through an application, or the application itself without `userId`. */
export type Asker = { clientId: string; userId?: string };

/** `integration`: the application is not approved. `membership`: it is, but the caller is not a member. */
export type Access = 'granted' | 'integration' | 'membership';

/** A region in which the caller has access to no account, and the reason. */
export type RegionWarning = { region: Hub['region']; lacking: 'integration' | 'membership' };

export type HubAccess = {
  of(hub: Hub, asker: Asker): Access;
  /** The hubs that the caller can access, in list order, and the regions without one. */
  list(asker: Asker): { hubs: Hub[]; warnings: RegionWarning[] };
  /**
   * Adds an application to the custom integrations of an account, as its admin would. Throws an `Error` if there is no
   * such account.
   */
  approveIntegration(hubId: string, clientId: string): void;
  /**
   * Invites a service account to the hubs of the one that the sandbox starts with, as a project admin would. Returns
   * their names.
   */
  invite(accountId: string): string[];
};

/**
 * The regions that the hub list queries. APS queries eight and warns about each one without an accessible account. The
 * sandbox leaves out regions where it has no account at all, to keep the warnings meaningful.
 */
const askedRegions: readonly Hub['region'][] = ['US', 'EMEA', 'AUS', 'CAN'];

/**
 * @param allWarnings - whether to warn of every region without an accessible account, as APS does. Otherwise, only a
 *   hub that is missing for lack of a custom integration causes a warning: the one that somebody can act on.
 */
export function createHubAccess(
  hubs: readonly Hub[],
  applications: readonly Application[],
  allWarnings: boolean,
): HubAccess {
  const accounts = hubs.filter(({ kind }) => kind === 'account');
  const integrations = new Map(accounts.map(({ id }) => [id, new Set<string>()]));
  for (const { id } of accounts) {
    if (id === demoHubs.awaitingApproval) continue;
    for (const { clientId } of applications) {
      if (clientId !== otherApplication.clientId) integrations.get(id)?.add(clientId);
    }
  }

  const invited = new Set<string>();
  const isMember = ({ members }: Hub, userId: string) =>
    members.includes(userId) || (invited.has(userId) && members.includes(demoServiceAccount.id));

  const of = (hub: Hub, { clientId, userId }: Asker): Access => {
    if (hub.kind === 'account' && !integrations.get(hub.id)?.has(clientId)) return 'integration';
    // An application itself has access to accounts, but not to the hubs of users.
    const seen = userId === undefined ? hub.kind === 'account' : isMember(hub, userId);
    return seen ? 'granted' : 'membership';
  };

  /** Whether a hub of the caller is not in the list because its admin has not added the application. */
  const isMissing = (region: Hub['region'], asker: Asker) =>
    accounts.some(
      (hub) =>
        hub.region === region &&
        of(hub, asker) === 'integration' &&
        (asker.userId === undefined || isMember(hub, asker.userId)),
    );

  return {
    of,

    list(asker) {
      const seen = hubs.filter((hub) => of(hub, asker) === 'granted');
      const warnings = askedRegions.flatMap((region): RegionWarning[] => {
        const there = accounts.filter((hub) => hub.region === region).map((hub) => of(hub, asker));
        if (there.includes('granted') || !(allWarnings || isMissing(region, asker))) return [];
        return [{ region, lacking: there.includes('membership') ? 'membership' : 'integration' }];
      });
      return { hubs: seen, warnings };
    },

    approveIntegration(hubId, clientId) {
      const approved = integrations.get(hubId);
      if (approved === undefined) throw new Error(`The sandbox has no account ${hubId}`);
      approved.add(clientId);
    },

    invite(accountId) {
      invited.add(accountId);
      return hubs.filter((hub) => isMember(hub, accountId)).map(({ name }) => name);
    },
  };
}
