/** Accounts whose tokens come through the OAuth proxy, without a server around them. */
import { OAuthProxy } from 'fastmcp/auth';
import { onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { accountTokens } from '../../lib/auth/account-tokens.ts';
import { apsProxy } from '../../lib/auth/aps-proxy.ts';
import { createKeys } from '../../lib/serve/keys.ts';
import { startSandbox } from '../../sandbox/index.ts';
import { postForm } from './authentication.ts';
import { later, now } from './clock.ts';
import { closing } from './closing.ts';
import { newPkce } from './oauth-requests.ts';
import { alice } from './people.ts';
import { hasty } from './serving.ts';
import { WatchedStorage } from './watched-storage.ts';

const key = createKeys()('APS proxy');

/** The tokens that the OAuth proxy makes of its own from here on: they never leave `apsProxy`. */
export function watchProxyTokens() {
  const exchanges = vi.spyOn(OAuthProxy.prototype, 'exchangeAuthorizationCode');
  onTestFinished(() => exchanges.mockRestore());
  return async () => {
    const made = await Promise.all(exchanges.mock.results.map(({ value }) => value));
    return made.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token ?? '']);
  };
}

/** Starts a sandbox, and gives what works with accounts there. Call it once at the top of a test file. */
export async function startAccounts() {
  const sandbox = closing()(await startSandbox({ now }));

  /** An instance of a server, as far as tokens of accounts are concerned. */
  function instance(storage: WatchedStorage) {
    const application = {
      clientId: sandbox.env.APS_CLIENT_ID ?? '',
      clientSecret: sandbox.env.APS_CLIENT_SECRET ?? '',
      baseUrl: sandbox.url,
    };
    const publicUrl = 'http://localhost:5002';
    const proxy = apsProxy({
      ...application,
      ...{ scopes: ['data:read'], publicUrl, callbackPath: '/callback', storage, key },
    });
    return { proxy, accounts: accountTokens({ ...application, storage, patience: hasty, now }) };
  }

  /** An instance at which somebody has just signed in. The clock stands; requests count from here on. */
  async function signedIn({ userId }: { userId: string } = alice) {
    later(0);
    const storage = new WatchedStorage();
    onTestFinished(() => storage.destroy());
    const { proxy, accounts } = instance(storage);
    const caller = { id: userId };
    const signIn = async () => {
      const { verifier, challenge } = newPkce();
      const redirectUri = 'http://localhost:4711/';
      const { address, proxyClient } = await proxy.begin(redirectUri, challenge);
      const code = await proxy.finish(new Request(await sandbox.signIn(address, { userId })));
      const tokens = await proxy.exchange(code, verifier, redirectUri, proxyClient);
      await accounts.keep(caller, tokens);
      return tokens;
    };
    const tokens = await signIn();
    sandbox.requests.length = 0;
    return { storage, accounts, caller, tokens, signIn };
  }

  /** The answers to requests for renewal, and to those for revocation. */
  const renewals = () => sandbox.requests.filter((it) => it.grant === 'refresh_token').map((it) => it.status);
  const revocations = () =>
    sandbox.requests.filter((it) => it.path.endsWith('/revoke')).map((it) => it.status);

  /** Whether APS takes a token. */
  async function isLive(token: string): Promise<boolean> {
    const answer = await postForm(sandbox, 'introspect', { token });
    return z.object({ active: z.boolean() }).parse(await answer.json()).active;
  }

  return { sandbox, instance, signedIn, renewals, revocations, isLive };
}
