// Who sees which hub: members of it, through applications that its administrator approved.
import { type Application, otherApplication } from './applications.ts';
import { demoHubs } from './data-management-data.ts';
import type { Hub } from './data-management-tree.ts';

/** Somebody who asks: a user or service account through an application, or the application itself. */
export type Asker = { clientId: string; userId?: string };

/** `integration`: the application was not approved. `membership`: it was, and the hub is not this asker's. */
export type Access = 'granted' | 'integration' | 'membership';

/** A region whose accounts could not be read, as the list of hubs tells of it. */
export type RegionWarning = { region: Hub['region']; lacking: 'integration' | 'membership' };

export type HubAccess = {
  of(hub: Hub, asker: Asker): Access;
  /** The hubs of somebody, in order, and the regions that have none for them. */
  list(asker: Asker): { hubs: Hub[]; warnings: RegionWarning[] };
  /**
   * Adds an application to the custom integrations of an account, as its administrator would. Throws when there is no
   * such account.
   */
  approveIntegration(hubId: string, clientId: string): void;
};

/**
 * The regions whose accounts the list of hubs asks for. APS asks in each of eight, and warns of each that has nothing;
 * the sandbox leaves out those where it has no account, so that the warnings can be told apart.
 */
const askedRegions: readonly Hub['region'][] = ['US', 'EMEA', 'AUS', 'CAN'];

/** `memberAs` names the member as whom somebody counts. */
export function createHubAccess(
  hubs: readonly Hub[],
  applications: readonly Application[],
  memberAs: (userId: string) => string,
): HubAccess {
  const accounts = hubs.filter(({ kind }) => kind === 'account');
  const integrations = new Map(accounts.map(({ id }) => [id, new Set<string>()]));
  for (const { id } of accounts) {
    if (id === demoHubs.awaitingApproval) continue;
    for (const { clientId } of applications) {
      if (clientId !== otherApplication.clientId) integrations.get(id)?.add(clientId);
    }
  }

  const of = (hub: Hub, { clientId, userId }: Asker): Access => {
    if (hub.kind === 'account' && !integrations.get(hub.id)?.has(clientId)) return 'integration';
    // An application by itself sees whole accounts, and nothing that belongs to users.
    const seen = userId === undefined ? hub.kind === 'account' : hub.members.includes(memberAs(userId));
    return seen ? 'granted' : 'membership';
  };

  return {
    of,

    list(asker) {
      const seen = hubs.filter((hub) => of(hub, asker) === 'granted');
      const warnings = askedRegions.flatMap((region): RegionWarning[] => {
        const there = accounts.filter((hub) => hub.region === region).map((hub) => of(hub, asker));
        if (there.includes('granted')) return [];
        return [{ region, lacking: there.includes('membership') ? 'membership' : 'integration' }];
      });
      return { hubs: seen, warnings };
    },

    approveIntegration(hubId, clientId) {
      const approved = integrations.get(hubId);
      if (approved === undefined) throw new Error(`The sandbox has no account ${hubId}`);
      approved.add(clientId);
    },
  };
}
