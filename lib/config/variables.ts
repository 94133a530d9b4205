/** The environment variables of every server, each with its schema and with what to say when it is missing. */

import { z } from 'zod';
import { commandLine } from '../command-line.ts';
import { developerHub } from '../developer-hub.ts';
import { allowedUsers } from './allowed-users.ts';
import { apsBaseUrl, apsServiceAccount, apsUserSignIn } from './aps-variables.ts';
import { guide } from './guide.ts';
import { namedKeys } from './named-keys.ts';
import {
  commaSeparated,
  namesSeparated,
  oneOrZero,
  onOrOff,
  resourceIdentifier,
  scopeTokens,
  secureOrigin,
  secureUrl,
  sessionSecret,
  spaceSeparated,
  storeUrl,
  subjectClaim,
} from './schemas.ts';

/** How MCP clients can sign in to a server. */
export const clientAuthModes = ['none', 'key', 'oidc', 'autodesk'] as const;
export type ClientAuthMode = (typeof clientAuthModes)[number];

const tokensAreSentThere = 'must use https, except on this machine: tokens are sent there';

/** Variables of the launcher, the same for every server. */
export const launchVariables = {
  APS_SANDBOX: oneOrZero().register(guide, {
    what: 'whether to use the built-in APS sandbox instead of the real service',
    where: 'set it to 1 to try everything without an Autodesk account',
    harmless: true,
  }),
  APS_BASE_URL: apsBaseUrl,
  MCP_PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port, 0 to 65535')
    .transform(Number)
    .refine((port) => port <= 65_535, 'must be a port, 0 to 65535')
    .optional()
    .register(guide, {
      what: 'the port that MCP clients connect to',
      where: "any free port; leave it out for the server's default",
      harmless: true,
    }),
  MCP_CLIENT_AUTH: z
    .enum(clientAuthModes, { error: 'must be none, key, oidc or autodesk' })
    .default('none')
    .register(guide, {
      what: 'how MCP clients sign in to this server: none, key, oidc or autodesk',
      where: 'docs/client-sign-in.md helps you choose; leave it out on your own machine',
    }),
  MCP_PUBLIC_URL: secureOrigin(tokensAreSentThere).optional().register(guide, {
    what: 'the address under which MCP clients and browsers reach this server, without /mcp',
    where: 'the name that your reverse proxy serves, for example https://mcp.example.com',
  }),
  SESSION_SECRET: commaSeparated.pipe(z.array(sessionSecret)).register(guide, {
    what: 'the key for sign-ins under way, client registrations and tokens; all instances of a deployment share it',
    where:
      'generate one with: openssl rand -base64 32; to replace it, put the new one first, then a comma and the old one; leave it out to have one made and kept in the store',
    credential: true,
    secret: true,
  }),
  STORE_URL: storeUrl.optional().register(guide, {
    what: 'where sign-ins and grants are kept: memory:, file:PATH for one machine, or redis://HOST for several instances',
    where:
      'leave it out for memory: over HTTP, and for a file in your own data folder over stdio; docs/operations.md says more',
    secret: true,
  }),
  STORE_SECRET: commaSeparated.pipe(z.array(sessionSecret)).register(guide, {
    what: 'the key that encrypts what is stored outside the process; redis: needs it',
    where:
      'generate one with: openssl rand -base64 32; to replace it, put the new one first, then a comma and the old one',
    credential: true,
    secret: true,
  }),
  MCP_SHUTDOWN_DELAY: z
    .string()
    .default('0')
    .transform(Number)
    .refine((seconds) => seconds >= 0 && seconds <= 600, 'must be a number of seconds, up to 600')
    .register(guide, {
      what: 'how many seconds the port still accepts requests after the server is told to stop, while /ready answers 503',
      where: 'the time that your load balancer takes to notice; leave it out for 0',
    }),
  MCP_ALLOWED_HOSTS: namesSeparated
    .pipe(
      z.array(
        z.string().regex(/^([\w.-]+|\[[\da-fA-F:.]+\])$/, 'must list host names without scheme or port'),
      ),
    )
    .register(guide, {
      what: 'host names, besides localhost, under which clients can reach the server',
      where: 'the name in the address that your clients use, for example mcp.example.com',
    }),
  MCP_ALLOWED_ORIGINS: namesSeparated
    .pipe(
      z.array(
        z
          .string()
          .refine(
            (origin) => URL.canParse(origin) && new URL(origin).origin === origin,
            'must list origins, for example https://app.example.com',
          ),
      ),
    )
    .register(guide, {
      what: 'origins of web pages, besides those on this machine, that can call the server',
      where: 'the scheme and host of the page, for example https://app.example.com',
    }),
};

/** Variables of `--client-auth key`. */
export const keyVariables = {
  MCP_API_KEYS: namedKeys.register(guide, {
    what: 'the keys with which programs can call this server: name=key, separated by commas',
    where: `${commandLine('key', 'NAME')} makes a key for a program, and prints the line`,
    credential: true,
    secret: true,
  }),
};

/** Variables of every client sign-in of people. Over HTTP they are read with any, so that none is ignored. */
export const userListVariables = {
  MCP_ALLOWED_USERS: allowedUsers.register(guide, {
    what: 'who can use this server, with --client-auth oidc or autodesk: addresses, @domains and ids, separated by commas',
    where:
      'docs/client-sign-in.md; somebody who is refused is told their id; leave it out to let in everybody who signs in',
  }),
};

/** Variables of `--client-auth oidc`. */
export const oidcVariables = {
  MCP_AUTH_ISSUER: secureUrl(tokensAreSentThere)
    .refine((address) => !/[?#]/.test(address), { error: 'must not have a query or fragment' })
    .register(guide, {
      what: 'the issuer identifier of the OpenID provider whose tokens are accepted',
      where:
        'your provider\'s documentation, or "issuer" in its /.well-known/openid-configuration, character by character',
    }),
  MCP_AUTH_AUDIENCE: z.string().optional().register(guide, {
    what: 'the audience (aud) that tokens must be issued for',
    where: 'leave it out if your provider puts the address of this server, with /mcp, into its tokens',
  }),
  MCP_AUTH_RESOURCE: resourceIdentifier.optional().register(guide, {
    what: 'the resource identifier that the metadata of this server names, which MCP clients send to the provider',
    where: 'leave it out for the address of this server, with /mcp; docs/providers.md lists the exceptions',
  }),
  MCP_AUTH_SCOPES: spaceSeparated.register(guide, {
    what: 'the scopes that a token must have, separated by spaces',
    where: 'the names that your provider puts into its tokens; leave it out to require none',
  }),
  MCP_AUTH_STRICT: oneOrZero().register(guide, {
    what: 'whether tokens must follow RFC 9068 to the letter',
    where: 'set it to 1 if your provider issues such tokens; docs/providers.md says which do',
  }),
  MCP_AUTH_SCOPES_SUPPORTED: spaceSeparated.pipe(scopeTokens).register(guide, {
    what: 'the scopes that MCP clients are told to request, separated by spaces',
    where:
      'leave it out for MCP_AUTH_SCOPES; docs/providers.md lists the providers that need other names in requests',
  }),
  MCP_AUTH_SUBJECT_CLAIM: subjectClaim.register(guide, {
    what: 'the claim of access tokens that, with the issuer, identifies a person',
    where:
      'leave it out for sub; docs/providers.md lists the providers with a better one, such as oid of Entra ID',
  }),
  MCP_AUTH_CLIENT_ID: z.string().optional().register(guide, {
    what: 'the client id of this server at the OpenID provider, to sign in people who open a link to Autodesk',
    where:
      'docs/providers.md: register a client with the redirect URI MCP_PUBLIC_URL/signin/callback; or MCP_PUBLIC_URL/signin/client.json, if the provider accepts metadata documents',
  }),
  MCP_AUTH_CLIENT_SECRET: z.string().optional().register(guide, {
    what: 'the secret of the same client',
    where: 'the page of your provider where you registered it; leave it out for a client without one',
  }),
};

/** Variables of `--client-auth autodesk`. */
export const autodeskVariables = {
  APS_PKCE: apsUserSignIn.APS_PKCE,
  MCP_AUTH_DOCUMENTS: onOrOff().register(guide, {
    what: 'whether MCP clients can identify themselves with a metadata document, which the server fetches: on or off',
    where: 'leave it out; with the sandbox it is off unless you set it, because there may be no network',
  }),
  MCP_AUTH_REGISTRATION: onOrOff().register(guide, {
    what: 'whether MCP clients can register themselves: on or off',
    where: 'leave it out; set it to off if all your clients publish metadata documents',
  }),
  MCP_AUTH_REDIRECT_URIS: commaSeparated
    .pipe(
      z.array(
        z
          .string()
          .regex(
            /^(?!(https?|javascript|data|blob|file):)[a-z][a-z\d+.-]*:\/\S+$/i,
            'must list addresses such as app://callback, with the scheme of an app',
          ),
      ),
    )
    .register(guide, {
      what: 'allowed redirect URIs with private-use schemes, separated by commas',
      where:
        'the documentation of a desktop client that has no https or loopback address, for example app://callback',
    }),
  MCP_AUTH_GRANT_DAYS: z
    .string()
    .default('90')
    .transform(Number)
    .refine((days) => days > 0 && days <= 3650, 'must be a number of days, up to 3650')
    .register(guide, {
      what: 'after how many days people must sign in again, even if their clients renew tokens',
      where: 'your security policy; leave it out for 90',
    }),
  MCP_AUTH_CLIENT_ID: z
    .string()
    .optional()
    .register(guide, {
      what: 'the Client ID of the APS application that people sign in through, if not APS_CLIENT_ID',
      where: `an application of type "Traditional Web App" in ${developerHub}`,
      credential: true,
    }),
  MCP_AUTH_CLIENT_SECRET: z
    .string()
    .optional()
    .register(guide, {
      what: 'the Client Secret of the same application',
      where: `the application in ${developerHub}, "Client Secret"`,
      credential: true,
      secret: true,
    }),
};

/** All variables by name. */
export const knownVariables = {
  ...apsServiceAccount,
  ...apsUserSignIn,
  ...launchVariables,
  ...keyVariables,
  ...userListVariables,
  ...oidcVariables,
  ...autodeskVariables,
};
