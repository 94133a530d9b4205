/**
 * `aps-mcp ssa-setup`: creates a service account with a key, and writes what `servers/ssa.ts` needs into `.env`. Also
 * lists and deletes service accounts.
 */
import { unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { parse } from 'dotenv';
import { type ApsSession, createApsClient } from '../lib/aps/client.ts';
import { listHubs } from '../lib/aps/data-management.ts';
import { ApsError } from '../lib/aps/errors.ts';
import {
  administrationScopes,
  createKey,
  createServiceAccount,
  deleteServiceAccount,
  listKeys,
  listServiceAccounts,
} from '../lib/aps/service-accounts.ts';
import { clientCredentials } from '../lib/aps-sign-in/client-credentials.ts';
import { serviceAccount } from '../lib/aps-sign-in/service-account.ts';
import { localUser } from '../lib/caller.ts';
import { commandLine } from '../lib/command-line.ts';
import { apsApplication } from '../lib/config/aps-variables.ts';
import { readPrivateKey } from '../lib/config/schemas.ts';
import { readEnvironment, readSettings, wantsSandbox } from '../lib/config/settings.ts';
import { launchVariables } from '../lib/config/variables.ts';
import { accountIn, hasOwnApplication } from '../lib/serve/launch/sandbox.ts';
import { StartupError } from '../lib/startup-error.ts';
import type { TokenSource } from '../lib/token-source.ts';
import {
  createPrivately,
  readEnvFile,
  refuseLink,
  replacePrivately,
  withVariables,
} from './ssa-setup/env-file.ts';

export const options = {
  name: { type: 'string', default: 'aps-mcp-server' },
  list: { type: 'boolean', default: false },
  delete: { type: 'string' },
  yes: { type: 'boolean', default: false },
  replace: { type: 'boolean', default: false },
  sandbox: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const usage = `Usage: ${commandLine('ssa-setup', '[options]')}

Creates a service account with a key, and writes APS_SSA_ID, APS_SSA_KEY_ID and APS_SSA_KEY_BASE64 into .env in
the current folder, which only you can read afterwards (mode 0600). Set APS_CLIENT_ID and APS_CLIENT_SECRET first.

Options:
  --name NAME   Name of the account: 5 to 100 letters, digits and dashes (default aps-mcp-server)
  --list        List the service accounts of the application and their keys
  --delete ID   Delete a service account and its keys
  --yes         Do not ask for confirmation
  --replace     Replace the service account in .env
  --sandbox     Use the built-in APS sandbox: no Autodesk account, no network
  --help        Print this`;

type Settings = { APS_CLIENT_ID: string; APS_CLIENT_SECRET: string; APS_BASE_URL: string };

const envFile = resolve('.env');

/** @param args - the command line after the name of the command */
export async function run(args: string[]): Promise<void> {
  try {
    await runWith(readOptions(args));
  } catch (error) {
    const known = error instanceof StartupError || error instanceof ApsError;
    console.error(
      known || !(error instanceof Error)
        ? String(error instanceof Error ? error.message : error)
        : `Failed: ${error.message}`,
    );
    process.exitCode = 1;
  }
}

async function runWith(options: Options): Promise<void> {
  if (options.help) return console.log(usage);
  const given = readEnvironment();
  const sandbox =
    options.sandbox || wantsSandbox(given)
      ? // It knows the account in .env, which another sandbox may have created.
        await (await import('../sandbox/index.ts')).startSandbox({ serviceAccount: accountIn(given) })
      : undefined;
  try {
    const creates = !options.list && options.delete === undefined;
    if (sandbox && creates && !wantsSandbox(given) && hasOwnApplication(given, sandbox))
      throw new StartupError(forAutodesk);
    const settings = readSettings(
      { ...apsApplication, APS_SANDBOX: launchVariables.APS_SANDBOX },
      { ...given, ...sandbox?.env },
    );
    if (sandbox) console.log(`Using the built-in sandbox, ${sandbox.url}.`);
    const administer = callsWith(settings, applicationTokens(settings));
    if (options.list) await administer(list);
    else if (options.delete !== undefined) await remove(administer, options.delete, options);
    else await setUp(administer, settings, options, sandbox?.inviteServiceAccount);
  } finally {
    await sandbox?.close();
  }
}

const forAutodesk =
  'APS_CLIENT_ID is that of your application at Autodesk, which does not know the service accounts of the sandbox. ' +
  `Nothing was written to ${envFile}. To create an account at Autodesk, leave out --sandbox. To let the server use the ` +
  'sandbox, set APS_SANDBOX=1 in that file, and run this again.';

type Options = ReturnType<typeof readOptions>;

function readOptions(args: string[]) {
  try {
    const { values } = parseArgs({ args, options });
    if (!/^(?=.*[A-Za-z0-9])[A-Za-z0-9-]{5,100}$/.test(values.name))
      throw new Error('--name must be 5 to 100 letters, digits and dashes');
    /** The same command line, with one more option. */
    const again = (option: string) => commandLine('ssa-setup', [...args, option].join(' '));
    return { ...values, again };
  } catch (error) {
    throw new StartupError(
      `${error instanceof Error ? error.message.split('. ')[0] : error}. --help lists the options.`,
    );
  }
}

type Calls = <T>(work: (session: ApsSession) => Promise<T>) => Promise<T>;

function callsWith({ APS_BASE_URL: baseUrl }: Settings, tokens: TokenSource): Calls {
  const aps = createApsClient({ baseUrl, tokens });
  return (work) => aps.call(localUser, new AbortController().signal, work);
}

function applicationTokens(settings: Settings): TokenSource {
  return clientCredentials({
    clientId: settings.APS_CLIENT_ID,
    clientSecret: settings.APS_CLIENT_SECRET,
    baseUrl: settings.APS_BASE_URL,
    scopes: administrationScopes,
  });
}

async function list(session: ApsSession): Promise<void> {
  const accounts = await listServiceAccounts(session);
  if (accounts.length === 0) console.log('This application has no service accounts.');
  for (const { serviceAccountId, email, status } of accounts) {
    console.log(`${serviceAccountId}  ${status}  ${email}`);
    // APS does not list the keys of a disabled account.
    if (status !== 'ENABLED') continue;
    for (const key of await listKeys(session, serviceAccountId))
      console.log(`  key ${key.kid}  ${key.status}`);
  }
}

async function remove(administer: Calls, id: string, options: Options): Promise<void> {
  if (!(await confirmed(`Delete the service account ${id} and its keys? You cannot undo this.`, options)))
    return;
  await administer((session) => deleteServiceAccount(session, id));
  console.log(`Deleted ${id}.`);
  if (readEnvironment().APS_SSA_ID === id)
    console.log('Your settings still use it: remove APS_SSA_* from .env.');
}

async function setUp(
  administer: Calls,
  settings: Settings,
  options: Options,
  invite?: (account: string) => void,
): Promise<void> {
  await refuseLink(envFile);
  const present = Object.entries(parse(await readEnvFile(envFile))).some(
    ([name, value]) => /^APS_SSA_/.test(name) && value !== '',
  );
  if (present && !options.replace) {
    if (options.yes)
      throw new StartupError(
        `${envFile} already names a service account. Nothing was changed. To replace it, add --replace, for example: ${options.again('--replace')}`,
      );
    if (!(await confirmed(`${envFile} already names a service account. Replace it?`, options))) return;
  }
  const question = `Create the service account "${options.name}" with a key, and write both to ${envFile}?`;
  if (!(await confirmed(question, options))) return;

  const { serviceAccountId: id, email } = await administer((session) =>
    createServiceAccount(session, {
      name: options.name,
      firstName: 'MCP-Server',
      lastName: 'Service-Account',
    }),
  );
  const saved = await saveKey(administer, id).catch(async (error: unknown) => {
    const undone = await administer((session) => deleteServiceAccount(session, id)).then(
      () => 'The new service account was deleted.',
      () =>
        `The new service account could not be deleted. Run: ${commandLine('ssa-setup', `--delete ${id}`)}`,
    );
    const why = error instanceof Error ? error.message : String(error);
    throw new StartupError(`Could not create and save a key for ${id}: ${why}\n${undone}`);
  });
  console.log(`Created ${id}, ${email}`);
  console.log(`Wrote APS_SSA_ID, APS_SSA_KEY_ID and APS_SSA_KEY_BASE64 to ${envFile}`);
  console.log(`Wrote the private key to ${saved.keyFile}. Keep it: you cannot get it from APS again.`);

  const act = callsWith(
    settings,
    serviceAccount({
      clientId: settings.APS_CLIENT_ID,
      clientSecret: settings.APS_CLIENT_SECRET,
      accountId: id,
      keyId: saved.keyId,
      privateKey: readPrivateKey(saved.base64),
      baseUrl: settings.APS_BASE_URL,
      scopes: ['data:read'],
    }),
  );
  invite?.(id);
  if (invite)
    console.log(
      `Invited ${email} to the hubs of the sandbox for you. At Autodesk, a project admin invites it, like a person.`,
    );
  const { hubs } = await act(listHubs);
  console.log(
    `Tested it: the service account can sign in, and has access to ${hubs.length} ${hubs.length === 1 ? 'hub' : 'hubs'}.`,
  );
  console.log(
    invite
      ? `\nNow run: ${commandLine('ssa', '--sandbox')}`
      : `\nInvite ${email} to the projects it needs, as you would invite a person. Then run: ${commandLine('ssa')}`,
  );
}

/** Creates a key and saves it to `.env` and a PEM file, which only their owner can read. */
async function saveKey(administer: Calls, id: string) {
  const { kid, privateKey } = await administer((session) => createKey(session, id));
  const base64 = Buffer.from(privateKey).toString('base64');
  const keyFile = resolve(`ssa-key-${kid.replace(/[^\w-]/g, '')}.pem`);
  await createPrivately(keyFile, privateKey);
  try {
    const variables = { APS_SSA_ID: id, APS_SSA_KEY_ID: kid, APS_SSA_KEY_BASE64: base64 };
    await replacePrivately(envFile, withVariables(await readEnvFile(envFile), variables));
  } catch (error) {
    await unlink(keyFile);
    throw error;
  }
  return { keyId: kid, base64, keyFile };
}

/** Asks for confirmation at the terminal, without `--yes`. Throws a `StartupError` if there is no terminal. */
async function confirmed(question: string, { yes, again }: Options): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY)
    throw new StartupError(
      `${question}\nThere is no terminal to answer in. To confirm, add --yes, for example: ${again('--yes')}`,
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C means no.
  const answer = await terminal.question(`${question} [y/N] `).catch(() => '');
  terminal.close();
  const agreed = /^y(es)?$/i.test(answer.trim());
  if (!agreed) console.log('Nothing was changed.');
  return agreed;
}
