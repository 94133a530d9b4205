/** Service accounts of the sandbox: their administration, and token sources that act as one. */
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { type ServiceAccount, serviceAccount } from '../../lib/aps-sign-in/service-account.ts';
import type { TokenSource } from '../../lib/token-source.ts';
import { definition } from '../../servers/ssa.ts';
import { applicationToken } from './authentication.ts';
import type { Sandbox } from './sandbox.ts';
import { builtFrom, hasty, type Served, serve } from './serving.ts';

const scopes = ['account:read', 'account:write', 'account_key:read', 'account_key:write'];

/** Calls the Secure Service Account API, below the list of accounts, as the demo application. */
export async function administer(
  sandbox: Sandbox,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path = '',
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const scope = scopes.map((each) => `application:service_${each}`).join(' ');
  const token = await applicationToken(sandbox, scope);
  const answer = await fetch(`${sandbox.url}/authentication/v2/service-accounts${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

const accountList = z.object({
  serviceAccounts: z.array(
    z.object({
      serviceAccountId: z.string(),
      email: z.string(),
      status: z.string(),
      createdAt: z.string(),
      accessedAt: z.string(),
    }),
  ),
});

/** The accounts of the demo application, oldest first. */
export async function accountsOf(sandbox: Sandbox) {
  return accountList.parse((await administer(sandbox, 'GET')).body).serviceAccounts;
}

/** What the SSA server hands to its token source, of the account in `env`, but for what `changes` says. */
export function accountIn(
  { env, url }: Pick<Sandbox, 'env' | 'url'>,
  changes: Partial<ServiceAccount> = {},
): ServiceAccount {
  return {
    clientId: env.APS_CLIENT_ID ?? '',
    clientSecret: env.APS_CLIENT_SECRET ?? '',
    accountId: env.APS_SSA_ID ?? '',
    keyId: env.APS_SSA_KEY_ID ?? '',
    privateKey: createPrivateKey(Buffer.from(env.APS_SSA_KEY_BASE64 ?? '', 'base64')),
    baseUrl: url,
    scopes: ['data:read'],
    retryPolicy: hasty,
    ...changes,
  };
}

/** A token source of the account in `env`. */
export function serviceAccountSource(
  sandbox: Pick<Sandbox, 'env' | 'url'>,
  changes?: Partial<ServiceAccount>,
): TokenSource {
  return serviceAccount(accountIn(sandbox, changes));
}

/** The SSA server over HTTP, for the account in `env`. */
export function serveSsa({ env }: Pick<Sandbox, 'env'>): Promise<Served> {
  return serve(builtFrom(definition, env));
}

const created = z.object({ serviceAccountId: z.string() });
const createdKey = z.object({ kid: z.string(), privateKey: z.string() });

/** The variables of a new account of the demo application that nobody has invited. */
export async function newAccount(sandbox: Sandbox): Promise<Record<string, string>> {
  const account = { name: 'nobody-invited-me', firstName: 'MCP-Server', lastName: 'Without-Hubs' };
  const { serviceAccountId: id } = created.parse((await administer(sandbox, 'POST', '', account)).body);
  const { kid, privateKey } = createdKey.parse((await administer(sandbox, 'POST', `/${id}/keys`)).body);
  return {
    APS_SSA_ID: id,
    APS_SSA_KEY_ID: kid,
    APS_SSA_KEY_BASE64: Buffer.from(privateKey).toString('base64'),
  };
}
