// The routes of the Secure Service Account API: accounts and their keys.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Application } from './applications.ts';
import { requireToken } from './bearer.ts';
import { gatewayError, serviceAccountError } from './errors.ts';
import type { SandboxEnv } from './request-log.ts';
import type { Scope } from './scopes.ts';
import {
  accountsPerApplication,
  emailOf,
  expiryOf,
  keysPerAccount,
  type ServiceAccount,
  type ServiceAccountKey,
} from './service-account-store.ts';
import type { SandboxState } from './state.ts';

/** The published rules: 5 to 100 characters, at least one of them a letter or a digit. */
const nameOf = (field: string, characters: RegExp, allowed: string) =>
  z
    .string(`${field} is missing`)
    .min(5, `${field} must have at least 5 characters`)
    .max(100, `${field} must have at most 100 characters`)
    .regex(characters, `${field} may contain only ${allowed}`)
    .regex(/[A-Za-z0-9]/, `${field} must contain a letter or a digit`);

const newAccount = z.object({
  name: nameOf('name', /^[A-Za-z0-9-]*$/, 'letters, digits and dashes'),
  firstName: nameOf('firstName', /^[A-Za-z0-9_-]*$/, 'letters, digits, dashes and underscores'),
  lastName: nameOf('lastName', /^[A-Za-z0-9-]*$/, 'letters, digits and dashes'),
});
const statusChange = z.object({
  status: z.enum(['ENABLED', 'DISABLED'], 'status must be ENABLED or DISABLED'),
});

const accountsPath = '/authentication/v2/service-accounts';
const accountPath = `${accountsPath}/:id` as const;
const keysPath = `${accountPath}/keys` as const;
const keyPath = `${keysPath}/:kid` as const;

/** https://aps.autodesk.com/en/docs/ssa/v1/reference/http/ */
export function serviceAccountRoutes(state: SandboxState): Hono<SandboxEnv> {
  const { serviceAccounts } = state;
  const routes = new Hono<SandboxEnv>();

  const authorized = (c: Context<SandboxEnv>, scope: Scope): Application | Response => {
    const token = requireToken(c, state, { anyScope: [scope], twoLegged: false });
    if (token instanceof Response) return token;
    // Published as 401. The other APIs return 403 for such a token.
    if (token.userId !== undefined) return gatewayError('AUTH-010', { status: 401 });
    const application = state.applications.find(({ clientId }) => clientId === token.clientId);
    return application?.serverToServer
      ? application
      : serviceAccountError(
          403,
          'invalid_client',
          'Only a server-to-server application can have service accounts.',
        );
  };

  /** The account in the path. Another application's account is a 404, like one that does not exist. */
  const ownAccount = (c: Context<SandboxEnv>, scope: Scope): ServiceAccount | Response => {
    const application = authorized(c, scope);
    if (application instanceof Response) return application;
    const account = serviceAccounts.find(c.req.param('id') ?? '');
    return account?.owner === application.clientId
      ? account
      : serviceAccountError(404, 'not_found', 'The application has no such service account.');
  };

  /** The account in the path of a request about keys, which requires an enabled account. */
  const enabledAccount = (c: Context<SandboxEnv>, scope: Scope): ServiceAccount | Response => {
    const account = ownAccount(c, scope);
    if (account instanceof Response) return account;
    return serviceAccounts.statusOf(account) === 'ENABLED'
      ? account
      : serviceAccountError(400, 'invalid_request', 'The service account is not enabled.');
  };

  const keyOf = (c: Context<SandboxEnv>, account: ServiceAccount): ServiceAccountKey | Response =>
    account.keys.find(({ kid }) => kid === c.req.param('kid')) ??
    serviceAccountError(404, 'not_found', 'The service account has no such key.');

  const details = (account: ServiceAccount) => ({
    serviceAccountId: account.id,
    email: emailOf(account),
    createdBy: account.owner,
    status: serviceAccounts.statusOf(account),
    createdAt: timestamp(account.createdAt),
    accessedAt: timestamp(account.accessedAt),
    expiresAt: timestamp(expiryOf(account)),
  });

  routes.post(accountsPath, async (c) => {
    const application = authorized(c, 'application:service_account:write');
    if (application instanceof Response) return application;
    const names = newAccount.safeParse(await readJson(c));
    if (!names.success) return badRequest(names.error);
    const own = serviceAccounts.ownedBy(application.clientId);
    if (own.length >= accountsPerApplication) {
      return serviceAccountError(
        403,
        'limit_exceeded',
        `An application can have at most ${accountsPerApplication} service accounts.`,
      );
    }
    // The name determines the email address, which must be unique.
    if (own.some(({ name }) => name.toLowerCase() === names.data.name.toLowerCase())) {
      return serviceAccountError(
        400,
        'invalid_request',
        `An account named ${names.data.name} already exists.`,
      );
    }
    const account = serviceAccounts.create(application.clientId, names.data);
    return c.json({ serviceAccountId: account.id, email: emailOf(account) }, 201);
  });

  routes.get(accountsPath, (c) => {
    const application = authorized(c, 'application:service_account:read');
    if (application instanceof Response) return application;
    return c.json({ serviceAccounts: serviceAccounts.ownedBy(application.clientId).map(details) });
  });

  routes.get(accountPath, (c) => {
    const account = ownAccount(c, 'application:service_account:read');
    return account instanceof Response ? account : c.json(details(account));
  });

  routes.patch(accountPath, async (c) => {
    const account = ownAccount(c, 'application:service_account:write');
    if (account instanceof Response) return account;
    const change = statusChange.safeParse(await readJson(c));
    if (!change.success) return badRequest(change.error);
    if (serviceAccounts.statusOf(account) === change.data.status) return unchanged(change.data.status);
    serviceAccounts.setStatus(account, change.data.status);
    return c.json(details(account));
  });

  routes.delete(accountPath, (c) => {
    const account = ownAccount(c, 'application:service_account:write');
    if (account instanceof Response) return account;
    serviceAccounts.delete(account);
    state.tokens.revokeOf(account.id);
    return c.body(null, 204);
  });

  routes.post(keysPath, async (c) => {
    const account = enabledAccount(c, 'application:service_account_key:write');
    if (account instanceof Response) return account;
    if (account.keys.length >= keysPerAccount) {
      return serviceAccountError(
        403,
        'limit_exceeded',
        `A service account can have at most ${keysPerAccount} keys.`,
      );
    }
    return c.json(await serviceAccounts.createKey(account), 201, { 'cache-control': 'no-store' });
  });

  routes.get(keysPath, (c) => {
    const account = enabledAccount(c, 'application:service_account_key:read');
    if (account instanceof Response) return account;
    return c.json({
      keys: account.keys.map(({ kid, status, createdAt, accessedAt }) => ({
        kid,
        status,
        createdAt: timestamp(createdAt),
        accessedAt: timestamp(accessedAt),
      })),
    });
  });

  routes.patch(keyPath, async (c) => {
    const account = enabledAccount(c, 'application:service_account_key:write');
    if (account instanceof Response) return account;
    const key = keyOf(c, account);
    if (key instanceof Response) return key;
    const change = statusChange.safeParse(await readJson(c));
    if (!change.success) return badRequest(change.error);
    if (key.status === change.data.status) return unchanged(change.data.status);
    key.status = change.data.status;
    return c.body(null, 204);
  });

  routes.delete(keyPath, (c) => {
    const account = enabledAccount(c, 'application:service_account_key:write');
    if (account instanceof Response) return account;
    const key = keyOf(c, account);
    if (key instanceof Response) return key;
    account.keys.splice(account.keys.indexOf(key), 1);
    return c.body(null, 204);
  });

  return routes;
}

function unchanged(status: string): Response {
  return serviceAccountError(400, 'invalid_request', `The status is already ${status}.`);
}

function badRequest(error: z.ZodError): Response {
  const problems = error.issues.map(({ path, message }) =>
    path.length === 0 ? 'Send a JSON object' : message,
  );
  return serviceAccountError(400, 'invalid_request', `${problems.join('; ')}.`);
}

async function readJson(c: Context<SandboxEnv>): Promise<unknown> {
  return c.req.json().catch(() => undefined);
}

/** The published examples use Go's time format, although the schema says `date-time`. */
function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().replace('T', ' ').replace('Z', '000000')} +0000 UTC`;
}
