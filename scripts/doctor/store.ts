/** The store of a server with users: whether it can be used, and is set up so that no sign-in gets lost. */
import { ownFile, storeUrlOf } from '../../lib/serve/launch/store.ts';
import { examineStore, examineUserStore } from '../../lib/store/open.ts';
import { type Check, type Finding, fault, ok, skipped, warning } from './check.ts';

export const storeCheck: Check = {
  id: 'store',
  title: 'Store',
  async run({ definition, options, server }) {
    if (!server) return [skipped('the settings are not valid')];
    const { launch, clientAuth } = server.configuration;
    const url = storeUrlOf(definition, {
      ...{ clientAuth, transport: options.transport },
      ...{ isSandbox: server.sandbox !== undefined, url: launch.STORE_URL },
    });
    if (url === undefined) return [skipped('this server stores nothing')];
    if (url === ownFile) return [await userStoreFinding(launch.STORE_SECRET)];
    if (url === 'memory:') return [ok('in memory, until the server stops')];
    try {
      return [ok(await examineStore(url, launch.STORE_SECRET)), ...(await redisFindings(url))];
    } catch (error) {
      return [fault(error instanceof Error ? error.message : String(error))];
    }
  },
};

/** Where that file cannot be used, a start does without it. */
async function userStoreFinding(secrets: readonly string[]): Promise<Finding> {
  try {
    await examineUserStore(secrets);
    return ok('a file in your own data folder, so that you sign in once');
  } catch (error) {
    return warning(
      `sign-ins are kept in memory, and end with the server. ${error instanceof Error ? error.message : error}`,
      'Until that is fixed, you sign in at every start. STORE_URL=file:PATH names another file.',
    );
  }
}

/** Settings of Redis with which sign-ins can get lost. If Redis does not show them, nothing is reported. */
async function redisFindings(url: string): Promise<Finding[]> {
  if (!/^rediss?:/.test(url)) return [];
  const { createClient } = await import('redis');
  const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {});
  try {
    await client.connect();
    const { 'maxmemory-policy': policy, appendonly } = await client.configGet([
      'maxmemory-policy',
      'appendonly',
    ]);
    return [
      ...(policy && policy !== 'noeviction'
        ? [
            warning(
              `Redis deletes records when its memory is full (maxmemory-policy ${policy}), which signs people out`,
              'Set maxmemory-policy to noeviction.',
            ),
          ]
        : []),
      ...(appendonly === 'no'
        ? [
            warning(
              'Redis can lose the latest writes when it restarts (appendonly no)',
              'Set appendonly to yes.',
            ),
          ]
        : []),
    ];
  } catch {
    return [];
  } finally {
    if (client.isOpen) client.destroy();
  }
}
