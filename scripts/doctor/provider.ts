/** The OpenID provider of `--client-auth oidc`: its metadata, its keys, and the client that identifies people. */
import { ResponseBodyError } from 'oauth4webapi';
import { isAboutApplication } from '../../lib/aps-sign-in/oauth.ts';
import { SignInFailed } from '../../lib/aps-sign-in/user-sign-in.ts';
import { randomKeys } from '../../lib/sealed.ts';
import { createClientSignIn } from '../../lib/serve/client-sign-in/create.ts';
import { discover, reason } from '../../lib/serve/client-sign-in/oidc/discovery.ts';
import { memoryStore } from '../../lib/store/memory.ts';
import { type Check, type Configured, type Finding, fault, ok, skipped, warning } from './check.ts';

export const providerCheck: Check = {
  id: 'provider',
  title: 'OpenID provider',
  async run({ server }) {
    if (!server) return [skipped('the settings are not valid')];
    const { clientSignIn } = server.configuration;
    if (clientSignIn.mode !== 'oidc') return [skipped('--client-auth is not oidc')];
    const { issuer } = clientSignIn;
    const metadata = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    try {
      const { keys } = await discover(issuer);
      await keys.reload();
      return [
        ok(`${issuer} publishes its keys (${keys.jwks()?.keys.length ?? 0})`),
        ...(await clientFindings(server)),
      ];
    } catch (error) {
      return [
        fault(
          `${issuer} is unusable: ${reason(error)}`,
          `MCP_AUTH_ISSUER must equal "issuer" in ${metadata}, character by character, and that URL must answer.`,
        ),
      ];
    }
  },
};

/** The provider authenticates a client before it looks at a code, so an invalid code shows whether it knows the client. */
async function clientFindings({ configuration, addresses }: Configured): Promise<Finding[]> {
  const { clientSignIn: settings } = configuration;
  if (settings.mode !== 'oidc' || !settings.client) return [];
  const { publicUrl, identityCallbackUrl } = addresses;
  const signIn = await createClientSignIn({
    ...{ settings, publicUrl, identityCallbackUrl, keys: randomKeys(), serverName: 'doctor' },
    store: memoryStore(),
  });
  const query = new URLSearchParams({ code: 'not-a-code', state: 'a-state', iss: settings.issuer });
  try {
    await signIn?.identityProvider?.callerIn(query, 'a-state', 'not-a-verifier'.padEnd(43, '-'));
    return [];
  } catch (error) {
    if (!(error instanceof SignInFailed)) throw error;
    const { issuer, client } = settings;
    if (error.problem === 'incomplete')
      return [ok(`${issuer} knows the client ${client.id}, and refused only the invalid code of this check`)];
    const code = error.cause instanceof ResponseBodyError ? error.cause.error : 'invalid_client';
    // Any other refusal may be about the code.
    return [isAboutApplication(code) ? fault(error.message) : warning(error.message)];
  }
}
