// The state of a sandbox, apart from its port.
import { type Application, applications } from './applications.ts';
import { seedHubs } from './data-management-data.ts';
import type { Hub } from './data-management-tree.ts';
import { createHubAccess, type HubAccess } from './hub-access.ts';
import type { OpenIdLikeness } from './openid/likenesses.ts';
import { createOpenIdState, type OpenIdState } from './openid/state.ts';
import { type Bucket, seedBuckets } from './oss-data.ts';
import { ownHubs, type SandboxHub } from './own-hubs.ts';
import { type SandboxUser, withOwnUsers } from './own-users.ts';
import { createProjectStorage, type ProjectStorage } from './project-storage.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
import { createRedirectUris, type RedirectUris } from './redirect-uris.ts';
import type { RequestRecord } from './request-log.ts';
import { createServiceAccounts, demoServiceAccount, type ServiceAccounts } from './service-account-store.ts';
import { createSignIns, type SignIns } from './sign-ins.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { createTroubleSwitches, type TroubleSwitches } from './trouble.ts';
import type { User } from './users.ts';

/**
 * The state of a sandbox, for tests that use it without a port. Of its parts, rely on `requests` and `trouble`, which are those
 * of {@link Sandbox}; the others belong to the sandbox, and change with it.
 *
 * @example
 * import type { SandboxState } from 'aps-mcp/sandbox';
 *
 * export const lastStatus = ({ requests }: SandboxState) => requests.at(-1)?.status;
 */
export type SandboxState = {
  /** Milliseconds since the epoch. */
  now: () => number;
  applications: readonly Application[];
  redirectUris: RedirectUris;
  /** In the order of the sign-in page. */
  users: readonly User[];
  signIns: SignIns;
  tokens: Tokens;
  /** The company's OpenID provider, which shares nothing with APS. */
  openId: OpenIdState;
  /** In list order. */
  buckets: Bucket[];
  /** In list order. */
  hubs: readonly Hub[];
  hubAccess: HubAccess;
  projectStorage: ProjectStorage;
  serviceAccounts: ServiceAccounts;
  /** The key of the service account that the sandbox starts with. `privateKey` is a PEM. */
  demoKey: { kid: string; privateKey: string };
  trouble: TroubleSwitches;
  rateLimits: RateLimits;
  /** Oldest first. */
  requests: RequestRecord[];
};

/**
 * The state of a new sandbox. Its options are those of {@link startSandbox}. Resetting the trouble switches restores
 * `tokenLifetimeSeconds`. `redirectUris` are registered in addition to those of the applications; `users` and `hubs` come
 * before those of every sandbox. Rejects with a `TypeError` if one of them is wrong.
 *
 * @param options - as for `startSandbox`
 *
 * @example
 * import { createSandboxApp, createSandboxState } from 'aps-mcp/sandbox';
 *
 * const state = await createSandboxState({ now: () => Date.UTC(2030, 0, 1) });
 * await createSandboxApp(state).request('/oss/v2/buckets');
 * export const [request] = state.requests;
 */
export async function createSandboxState({
  now = Date.now,
  tokenLifetimeSeconds = 3599,
  redirectUris,
  openIdLike,
  rateLimits = true,
  regionWarnings = false,
  users: ownUsers = [],
  hubs: addedHubs = [],
}: {
  now?: () => number;
  tokenLifetimeSeconds?: number;
  redirectUris?: readonly string[];
  openIdLike?: OpenIdLikeness;
  rateLimits?: boolean;
  regionWarnings?: boolean;
  users?: readonly SandboxUser[];
  hubs?: readonly SandboxHub[];
} = {}): Promise<SandboxState> {
  const users = withOwnUsers(ownUsers);
  const ids = (list: readonly { userId: string }[]) => list.map(({ userId }) => userId);
  const known = [...ids(users), demoServiceAccount.id];
  const hubs = [...ownHubs(addedHubs, ids(ownUsers), known), ...seedHubs()];
  const [tokens, seededAccounts] = await Promise.all([createTokens(now), createServiceAccounts(now)]);
  return {
    now,
    applications,
    redirectUris: createRedirectUris(redirectUris),
    users,
    signIns: createSignIns(now),
    tokens,
    openId: createOpenIdState(now, openIdLike),
    buckets: seedBuckets(now()),
    hubs,
    hubAccess: createHubAccess(hubs, applications, regionWarnings),
    projectStorage: createProjectStorage(hubs),
    ...seededAccounts,
    trouble: createTroubleSwitches(tokenLifetimeSeconds),
    rateLimits: createRateLimits(now, rateLimits),
    requests: [],
  };
}
