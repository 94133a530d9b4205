/** The environment variables that say which APS application a server signs in with. */

import { z } from 'zod';
import { commandLine } from '../command-line.ts';
import { developerHub } from '../developer-hub.ts';
import { guide } from './guide.ts';
import { onOrOff, privateKey, secureOrigin } from './schemas.ts';

export const apsBaseUrl = secureOrigin('must use https: credentials are sent there')
  .default('https://developer.api.autodesk.com')
  .register(guide, {
    what: 'the address of APS, for a proxy or a sandbox that you run yourself',
    where: 'leave it out to use the real service, https://developer.api.autodesk.com',
  });

/**
 * Variables of an APS application with a secret: `APS_CLIENT_ID`, `APS_CLIENT_SECRET` and `APS_BASE_URL`, which has a default.
 * Spread them into `variables` of a server that has more.
 *
 * @example
 * import { apsApplication, defineServer, version } from 'aps-mcp';
 * import { FastMCP } from 'fastmcp';
 * import { z } from 'zod';
 *
 * export const definition = defineServer({
 *   name: 'reports',
 *   apsSignIn: '2-legged, as the application itself',
 *   port: 5010,
 *   variables: { ...apsApplication, REPORTS_BUCKET: z.string() },
 *   create: (settings) =>
 *     new FastMCP({ name: 'Reports', version, instructions: `Reads ${settings.REPORTS_BUCKET}.` }),
 * });
 */
export const apsApplication = {
  APS_CLIENT_ID: z.string().register(guide, {
    what: 'the Client ID of your APS application',
    where: `the application in ${developerHub}, "Client ID"`,
    credential: true,
    harmless: true,
  }),
  APS_CLIENT_SECRET: z.string().register(guide, {
    what: 'the Client Secret of the same application',
    where: `the application in ${developerHub}, "Client Secret"`,
    credential: true,
    secret: true,
    harmless: true,
  }),
  APS_BASE_URL: apsBaseUrl,
};

/**
 * Variables of an APS application without a secret, a "Desktop, Mobile, Single-Page App": `APS_CLIENT_ID` and `APS_BASE_URL`,
 * which has a default.
 *
 * @example
 * import { type apsPublicApplication, authorizationCode, type ServingContext, type Settings } from 'aps-mcp';
 *
 * export const usersFor = (settings: Settings<typeof apsPublicApplication>, { browser }: ServingContext) =>
 *   authorizationCode({
 *     clientId: settings.APS_CLIENT_ID,
 *     baseUrl: settings.APS_BASE_URL,
 *     scopes: ['data:read'],
 *     browser,
 *   });
 */
export const apsPublicApplication = {
  APS_CLIENT_ID: apsApplication.APS_CLIENT_ID,
  APS_BASE_URL: apsBaseUrl,
};

/**
 * Variables of a server that acts as a service account: those of {@link apsApplication}, with `APS_SSA_ID`, `APS_SSA_KEY_ID`
 * and `APS_SSA_KEY_BASE64`, which is read as a private key.
 *
 * @example
 * import type { apsServiceAccount, Settings } from 'aps-mcp';
 *
 * export const keyType = (settings: Settings<typeof apsServiceAccount>) =>
 *   settings.APS_SSA_KEY_BASE64.asymmetricKeyType; // 'rsa'
 */
export const apsServiceAccount = {
  ...apsApplication,
  APS_SSA_ID: z.string().register(guide, {
    what: 'the id of the service account',
    where: `${commandLine('ssa-setup')} creates a service account and writes it to .env; ${commandLine('ssa-setup', '--list')} shows existing ones`,
    credential: true,
    harmless: true,
  }),
  APS_SSA_KEY_ID: z.string().register(guide, {
    what: "the id of the service account's key",
    where: `${commandLine('ssa-setup')} writes it to .env too; APS shows it when a key is created`,
    credential: true,
    harmless: true,
  }),
  APS_SSA_KEY_BASE64: privateKey.register(guide, {
    what: "the service account's private key: its PEM file, as it is or encoded as Base64",
    where: `${commandLine('ssa-setup')} writes it to .env too; APS shows the PEM only once, when the key is created`,
    credential: true,
    secret: true,
    harmless: true,
  }),
};

/**
 * Variables of a server whose users sign in through an application with a secret: those of {@link apsApplication}, with
 * `APS_PKCE`, which is read as true unless it is `off`.
 *
 * @example
 * import type { apsUserSignIn, Settings } from 'aps-mcp';
 *
 * export const usesPkce = (settings: Settings<typeof apsUserSignIn>): boolean => settings.APS_PKCE;
 */
export const apsUserSignIn = {
  ...apsApplication,
  APS_PKCE: onOrOff().register(guide, {
    what: 'whether sign-ins use PKCE',
    where: 'leave it out; set it to off only if APS refuses PKCE for your application',
  }),
};
