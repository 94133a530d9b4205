/** Autodesk accounts that have signed in, without a server around them. */
import { z } from 'zod';
import { accountSignIn } from '../../lib/aps-sign-in/account-sign-in.ts';
import type { Store } from '../../lib/store/store.ts';
import { postForm } from './authentication.ts';
import { later, now } from './clock.ts';
import { closing } from './closing.ts';
import { newPkce } from './oauth-requests.ts';
import { alice } from './people.ts';
import { startSandbox } from './sandbox.ts';
import { hasty } from './serving.ts';
import { watchedStore } from './watched-store.ts';

/** Starts a sandbox, and gives what works with accounts there. Call it once at the top of a test file. */
export async function startAccounts() {
  const sandbox = closing()(await startSandbox({ now }));

  /** An instance of a server, as far as tokens of accounts are concerned. */
  function instance(store: Store) {
    const application = {
      clientId: sandbox.env.APS_CLIENT_ID ?? '',
      clientSecret: sandbox.env.APS_CLIENT_SECRET ?? '',
      baseUrl: sandbox.url,
    };
    const callbackUrl = 'http://localhost:5002/callback';
    return accountSignIn({
      ...application,
      ...{ scopes: ['data:read'], callbackUrl, store, retryPolicy: hasty, now },
    });
  }

  /** An instance at which somebody has just signed in. The clock stands; requests count from here on. */
  async function signedIn({ userId }: { userId: string } = alice) {
    later(0);
    const store = watchedStore();
    const accounts = instance(store);
    const caller = { id: userId };
    const signIn = async () => {
      const { verifier } = newPkce();
      const address = await accounts.authorizationUrl('state', verifier);
      const query = (await sandbox.signIn(address, { userId })).searchParams;
      const tokens = await accounts.redeem(accounts.codeIn(query, 'state'), verifier);
      await accounts.keep(caller, tokens);
      return tokens;
    };
    const tokens = await signIn();
    sandbox.requests.length = 0;
    return { store, accounts, caller, tokens, signIn };
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
