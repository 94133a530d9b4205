/** The sign-in of an application or a service account to APS, what its token can be used for, and a call with it. */
import { decodeJwt } from 'jose';
import { createApsClient } from '../../lib/aps/client.ts';
import { listHubs } from '../../lib/aps/data-management.ts';
import { ApsError, approvalAdvice } from '../../lib/aps/errors.ts';
import { listBuckets } from '../../lib/aps/oss.ts';
import { localUser } from '../../lib/caller.ts';
import { developerHub } from '../../lib/developer-hub.ts';
import type { TokenSource } from '../../lib/token-source.ts';
import { meaningOf } from '../../lib/tools/data-management.ts';
import { type Check, type Finding, fault, ok, skipped, warning, whatHappened } from './check.ts';

const ofUsers = skipped('tokens belong to the people who sign in');

export const signInCheck: Check = {
  id: 'sign-in',
  title: 'APS sign-in',
  async run(examination) {
    const { server, answered } = examination;
    if (!server || !answered)
      return [skipped(server ? 'APS is not reachable' : 'the settings are not valid')];
    const { tokens } = server;
    if (!tokens) return [ofUsers];
    try {
      examination.token = await tokens.get(localUser);
      return [ok('APS accepts the credentials, and issued a token')];
    } catch (error) {
      return [failureOf(error)];
    }
  },
};

export const scopesCheck: Check = {
  id: 'scopes',
  title: 'Scopes',
  run({ server, token }) {
    if (server && !server.tokens) return [ofUsers];
    if (token === undefined) return [skipped('there is no token')];
    const asked = server?.tokens?.scopes ?? [];
    const given = scopesIn(token);
    if (!given) return [skipped('the token does not say what it can be used for')];
    const missing = asked.filter((scope) => !given.includes(scope));
    if (missing.length === 0) return [ok(`the token has ${asked.join(', ')}`)];
    return [
      fault(
        `the token lacks ${missing.join(', ')}`,
        `Check the API Access of the application in ${developerHub}.`,
      ),
    ];
  },
};

/** APS's access tokens are JWTs with a list in `scope`. Undefined for any other. */
function scopesIn(token: string): string[] | undefined {
  try {
    const { scope } = decodeJwt(token);
    if (typeof scope === 'string') return scope.split(' ');
    return Array.isArray(scope) ? scope.map(String) : undefined;
  } catch {
    return undefined;
  }
}

export const callCheck: Check = {
  id: 'call',
  title: 'A call',
  async run(examination) {
    const { server, token } = examination;
    if (server && !server.tokens) return [ofUsers];
    if (!server?.tokens || token === undefined) return [skipped('there is no token')];
    const { tokens, configuration } = server;
    const aps = createApsClient({ baseUrl: configuration.launch.APS_BASE_URL, tokens });
    const { signal } = new AbortController();
    try {
      return await aps.call(localUser, signal, async (session) => {
        if (!isOfApplication(tokens)) {
          examination.hubs = await listHubs(session);
          return [ok(`listing the hubs works, and returned ${examination.hubs.hubs.length}`)];
        }
        const { items } = await listBuckets(session, 'US', { limit: 10 });
        return [
          ok(
            `listing the buckets in the region US works, and returned ${items.length === 10 ? '10 or more' : items.length}`,
          ),
        ];
      });
    } catch (error) {
      return [failureOf(error)];
    }
  },
};

/** Buckets belong to applications, hubs to people and service accounts. */
function isOfApplication({ scopes = [] }: TokenSource): boolean {
  return scopes.includes('bucket:read');
}

/** If an account has not approved the integration, its hubs are missing. */
export const integrationCheck: Check = {
  id: 'integration',
  title: 'Custom integration',
  run({ server, hubs: found }) {
    if (server && !server.tokens) return [ofUsers];
    if (server?.tokens && isOfApplication(server.tokens)) return [skipped('buckets need none')];
    if (!found) return [skipped('there is no list of hubs')];
    const { hubs, warnings } = found;
    const said = warnings.map((each) => [each.title, meaningOf(each)].filter(Boolean).join(' '));
    if (hubs.length === 0)
      return [fault(['this sign-in has access to no hubs', ...said].join('\n'), approvalAdvice)];
    if (said.length === 0) return [ok('APS has no warnings about hubs')];
    return [warning(said.join('\n'), `If a hub is missing: ${approvalAdvice}`)];
  },
};

export function failureOf(error: unknown): Finding {
  if (!(error instanceof ApsError)) throw error;
  return fault(whatHappened(error), error.advice);
}
