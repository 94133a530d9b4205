/** Administration of service accounts and their keys (https://aps.autodesk.com/en/docs/ssa/v1/reference/http/). */
import { z } from 'zod';
import type { ApsSession } from './client.ts';

/** The scopes that the application's own token (2LO) needs for the calls in this file. */
export const administrationScopes = [
  'application:service_account:read',
  'application:service_account:write',
  'application:service_account_key:read',
  'application:service_account_key:write',
] as const;

const created = z.object({ serviceAccountId: z.string(), email: z.string() });
const account = created.extend({ status: z.string(), createdAt: z.string().optional() });
const accounts = z.object({ serviceAccounts: z.array(account) });
const key = z.object({ kid: z.string(), status: z.string(), createdAt: z.string().optional() });
const keys = z.object({ keys: z.array(key) });
const newKey = z.object({ kid: z.string(), privateKey: z.string() });

export type ServiceAccount = z.infer<typeof account>;
export type ServiceAccountKey = z.infer<typeof key>;

const path = ['authentication', 'v2', 'service-accounts'];

/**
 * Creates a service account. An application can have ten.
 *
 * @param names.name - 5 to 100 letters, digits and dashes; part of its email address
 * @throws {ApsError}
 */
export function createServiceAccount(
  session: ApsSession,
  names: { name: string; firstName: string; lastName: string },
): Promise<z.infer<typeof created>> {
  return session.post(session.url(path), names, created);
}

/** All service accounts of the application. */
export async function listServiceAccounts(session: ApsSession): Promise<ServiceAccount[]> {
  return (await session.get(session.url(path), accounts)).serviceAccounts;
}

/** Deletes a service account and its keys. */
export function deleteServiceAccount(session: ApsSession, id: string): Promise<void> {
  return session.delete(session.url([...path, id]));
}

/** Creates a key. APS returns the private key, a PEM, only this once. An account can have three keys. */
export function createKey(session: ApsSession, id: string): Promise<z.infer<typeof newKey>> {
  return session.post(session.url([...path, id, 'keys']), undefined, newKey);
}

/** The ids and states of a service account's keys, without the keys themselves. */
export async function listKeys(session: ApsSession, id: string): Promise<ServiceAccountKey[]> {
  return (await session.get(session.url([...path, id, 'keys']), keys)).keys;
}
