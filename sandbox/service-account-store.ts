// The secure service accounts of every application, with their public keys.
import { createPublicKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { demoApplication } from './applications.ts';
import { generateRsaKeys } from './rsa-keys.ts';

/** The published limits. */
export const accountsPerApplication = 10;
export const keysPerAccount = 3;

/** An account is deactivated after this long without use. The published example shows this interval. */
const idleLifetimeMs = 366 * 24 * 3_600_000;

export type Status = 'ENABLED' | 'DISABLED';

export type ServiceAccountKey = {
  kid: string;
  status: Status;
  publicKey: KeyObject;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** When a token was last issued for it, in milliseconds since the epoch. */
  accessedAt: number;
};

export type ServiceAccount = {
  /** The Autodesk id: `userid` in its tokens, `sub` in its assertions. */
  id: string;
  name: string;
  firstName: string;
  lastName: string;
  /** The client id of the application that owns it. */
  owner: string;
  status: Status;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** When a token was last issued for it, in milliseconds since the epoch. */
  accessedAt: number;
  keys: ServiceAccountKey[];
};

export type ServiceAccounts = {
  /** The accounts of an application, oldest first. */
  ownedBy(clientId: string): ServiceAccount[];
  find(id: string): ServiceAccount | undefined;
  findByEmail(email: string): ServiceAccount | undefined;
  /** The key with this id, and its account. */
  findKey(kid: string): { account: ServiceAccount; key: ServiceAccountKey } | undefined;
  create(owner: string, names: { name: string; firstName: string; lastName: string }): ServiceAccount;
  /** Deletes the account and its keys. */
  delete(account: ServiceAccount): void;
  /** Adds an account and key of the demo application from another sandbox. Throws if the key is not a valid PEM. */
  adopt(known: KnownServiceAccount): void;
  /** Adds a key and returns its private key, which is not stored. */
  createKey(account: ServiceAccount): Promise<{ kid: string; privateKey: string }>;
  /** `DEACTIVATED` if the account is enabled but was idle for too long. */
  statusOf(account: ServiceAccount): Status | 'DEACTIVATED';
  /** Enables or disables an account. Enabling a deactivated one gives it another year. */
  setStatus(account: ServiceAccount, status: Status): void;
};

/** The account that the sandbox starts with. Its hubs are in data-management-data.ts. */
export const demoServiceAccount = {
  id: 'SBXSERVICE01',
  name: 'sandbox-service',
  firstName: 'Sandbox',
  lastName: 'Service',
} as const;

/**
 * A service account from another sandbox. `privateKey` is a PEM.
 *
 * @example
 * import { type KnownServiceAccount, startSandbox } from 'aps-mcp/sandbox';
 *
 * export const sandboxWith = (serviceAccount: KnownServiceAccount) => startSandbox({ serviceAccount });
 */
export type KnownServiceAccount = { id: string; kid: string; privateKey: string };

type NewKey = { kid: string; publicKey: KeyObject; privateKey: string };

/** When an account is deactivated if nothing uses it, in milliseconds since the epoch. */
export function expiryOf({ accessedAt }: ServiceAccount): number {
  return accessedAt + idleLifetimeMs;
}

/** The email address of a service account, in the published format. */
export function emailOf({ name, owner }: Pick<ServiceAccount, 'name' | 'owner'>): string {
  return `${name}@${owner}.adskserviceaccount.autodesk.com`;
}

/**
 * The accounts of a new sandbox: one, with one key.
 *
 * The key is generated once per process. It takes a tenth of a second or more, and a sandbox must start faster.
 */
export async function createServiceAccounts(
  now: () => number,
): Promise<{ serviceAccounts: ServiceAccounts; demoKey: { kid: string; privateKey: string } }> {
  demoKey ??= generateKey();
  const { kid, publicKey, privateKey } = await demoKey;
  const accounts = new Map<string, ServiceAccount>();

  const add = (id: string, owner: string, names: { name: string; firstName: string; lastName: string }) => {
    const at = now();
    const { name, firstName, lastName } = names;
    const account: ServiceAccount = {
      id,
      name,
      firstName,
      lastName,
      owner,
      status: 'ENABLED',
      createdAt: at,
      accessedAt: at,
      keys: [],
    };
    accounts.set(id, account);
    return account;
  };
  const addKey = (account: ServiceAccount, key: NewKey) => {
    const at = now();
    account.keys.push({
      kid: key.kid,
      publicKey: key.publicKey,
      status: 'ENABLED',
      createdAt: at,
      accessedAt: at,
    });
  };
  const isIdle = (account: ServiceAccount) => expiryOf(account) <= now();

  addKey(add(demoServiceAccount.id, demoApplication.clientId, demoServiceAccount), {
    kid,
    publicKey,
    privateKey,
  });

  const serviceAccounts: ServiceAccounts = {
    ownedBy: (clientId) => [...accounts.values()].filter(({ owner }) => owner === clientId),
    find: (id) => accounts.get(id),
    findByEmail: (email) =>
      [...accounts.values()].find((account) => emailOf(account) === email.toLowerCase()),

    findKey(wanted) {
      for (const account of accounts.values()) {
        const key = account.keys.find((candidate) => candidate.kid === wanted);
        if (key !== undefined) return { account, key };
      }
      return undefined;
    },

    create: (owner, names) => add(newAccountId(), owner, names),

    delete(account) {
      accounts.delete(account.id);
    },

    adopt({ id, kid: keyId, privateKey: pem }) {
      if (accounts.has(id)) return;
      const names = { name: `known-${id.toLowerCase()}`, firstName: 'Known', lastName: 'Account' };
      const key = { kid: keyId, publicKey: createPublicKey(pem), privateKey: pem };
      addKey(add(id, demoApplication.clientId, names), key);
    },

    async createKey(account) {
      const key = await generateKey();
      addKey(account, key);
      return { kid: key.kid, privateKey: key.privateKey };
    },

    statusOf: (account) => (account.status === 'ENABLED' && isIdle(account) ? 'DEACTIVATED' : account.status),

    setStatus(account, status) {
      if (status === 'ENABLED' && isIdle(account)) account.accessedAt = now();
      account.status = status;
    },
  };
  return { serviceAccounts, demoKey: { kid, privateKey } };
}

let demoKey: Promise<NewKey> | undefined;

/**
 * RSA with 2048 bits, as published. The documents say that the private key is a PEM, but not which. This is PKCS#1
 * (`BEGIN RSA PRIVATE KEY`): fewer libraries read it, so clients that work here can also read PKCS#8.
 */
async function generateKey(): Promise<NewKey> {
  const { privateKey, publicKey } = await generateRsaKeys();
  return {
    kid: randomUUID(),
    publicKey,
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  };
}

/** Twelve capital letters and digits, like Autodesk's ids. */
function newAccountId(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return Array.from(randomBytes(12), (byte) => alphabet[byte % alphabet.length]).join('');
}
