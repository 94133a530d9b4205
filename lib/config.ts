/** Settings: environment variables and `.env`, checked against one schema a server. */
import { resolve } from 'node:path';
import { config as readDotenv } from 'dotenv';
import { z } from 'zod';
import { readPrivateKey } from './auth/private-key.ts';

/** Environment variables by name, as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Says what a variable is and where its value is found; shown when it is missing or malformed. */
const guide = z.registry<{ what: string; where: string }>();

/** Something is wrong with the settings; the message is complete and made for the person at the terminal. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Whether a host name (IPv6 in brackets, as in URLs) can only mean this machine. */
export function isLoopback(hostname: string): boolean {
  return loopback.test(hostname);
}

/** An address that credentials or tokens travel to: nobody on the way may read or change them. */
function secureAddress(error: string) {
  return z
    .url({ protocol: /^https?$/, error: 'is not an http(s) address', abort: true })
    .refine((address) => new URL(address).protocol === 'https:' || isLoopback(new URL(address).hostname), {
      error,
    });
}

const apsBaseUrl = secureAddress('must use https: credentials are sent there')
  .refine((address) => ['', '/'].includes(new URL(address).pathname + new URL(address).search), {
    error: 'must be an origin, without a path',
  })
  .transform((address) => new URL(address).origin)
  .default('https://developer.api.autodesk.com')
  .register(guide, {
    what: 'the address of APS, for a proxy or a sandbox of your own',
    where: 'leave it out to use the real service, https://developer.api.autodesk.com',
  });

/** Variables of every APS application with a secret. */
export const apsApplication = {
  APS_CLIENT_ID: z.string().register(guide, {
    what: 'the Client ID of your APS application',
    where: 'https://aps.autodesk.com/myapps: open the application, "Client ID"',
  }),
  APS_CLIENT_SECRET: z.string().register(guide, {
    what: 'the Client Secret of the same application',
    where: 'https://aps.autodesk.com/myapps: open the application, "Client Secret"',
  }),
  APS_BASE_URL: apsBaseUrl,
};

/** Variables of an APS application that has no secret: a Desktop, Mobile, Single-Page App. */
export const apsPublicApplication = {
  APS_CLIENT_ID: apsApplication.APS_CLIENT_ID,
  APS_BASE_URL: apsBaseUrl,
};

/** Variables of a server that acts as a service account. */
export const apsServiceAccount = {
  ...apsApplication,
  APS_SSA_ID: z.string().register(guide, {
    what: 'the id of the service account',
    where:
      'npm run ssa:setup creates a service account and writes this down; -- --list shows those there are',
  }),
  APS_SSA_KEY_ID: z.string().register(guide, {
    what: 'the id of the key of the service account',
    where: 'npm run ssa:setup writes it down too; APS shows it when a key is created',
  }),
  APS_SSA_KEY_BASE64: z
    .string()
    .transform((text, context) => {
      try {
        return readPrivateKey(text);
      } catch (error) {
        context.addIssue(error instanceof Error ? error.message : 'cannot be read');
        return z.NEVER;
      }
    })
    .register(guide, {
      what: 'the private key of the service account, a PEM file encoded as Base64',
      where: 'npm run ssa:setup writes it down too; APS gives the PEM out once, when the key is created',
    }),
};

/** Variables of a server to which users sign in. */
export const apsUserSignIn = {
  ...apsApplication,
  APS_PKCE: z
    .enum(['on', 'off'], { error: 'must be on or off' })
    .default('on')
    .transform((value) => value === 'on')
    .register(guide, {
      what: 'whether sign-ins use PKCE',
      where: 'leave it out; set it to off only if APS refuses PKCE to your application',
    }),
};

const sandboxSwitch = z
  .enum(['0', '1', 'false', 'true'], { error: 'must be 1 or 0' })
  .default('0')
  .transform((value) => value === '1' || value === 'true');
const commaSeparated = z
  .string()
  .default('')
  .transform((text) => text.split(',').map((item) => item.trim()))
  .transform((items) => items.filter((item) => item !== '').map((item) => item.toLowerCase()));

/** How MCP clients can be asked to sign in. */
export const clientAuthModes = ['none', 'oidc', 'autodesk'] as const;
export type ClientAuthMode = (typeof clientAuthModes)[number];

const clientAuth = z.enum(clientAuthModes, { error: 'must be none, oidc or autodesk' }).default('none');

const tokensTravelThere = 'must use https, except on this machine: tokens travel there';

/** Variables of the launcher, the same for every server. */
export const launchVariables = {
  APS_SANDBOX: sandboxSwitch.register(guide, {
    what: 'whether to use the built-in APS sandbox instead of the real service',
    where: 'set it to 1 to try everything without an Autodesk account',
  }),
  APS_BASE_URL: apsBaseUrl,
  MCP_PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port, 0 to 65535')
    .transform(Number)
    .refine((port) => port <= 65_535, 'must be a port, 0 to 65535')
    .optional()
    .register(guide, {
      what: 'the port MCP clients connect to',
      where: 'any free port; leave it out for the default of the server',
    }),
  MCP_CLIENT_AUTH: clientAuth.register(guide, {
    what: 'how MCP clients sign in to this server: none, oidc or autodesk',
    where: 'docs/client-sign-in.md says which one is for you; leave it out on your own machine',
  }),
  MCP_PUBLIC_URL: secureAddress(tokensTravelThere)
    .refine((address) => new URL(address).href === `${new URL(address).origin}/`, {
      error: 'must be an origin, without a path',
    })
    .transform((address) => new URL(address).origin)
    .optional()
    .register(guide, {
      what: 'the address under which MCP clients and browsers reach this server, without /mcp',
      where: 'the name that your reverse proxy serves, for example https://mcp.example.com',
    }),
  SESSION_SECRET: z.string().min(32, 'must have 32 characters or more').optional().register(guide, {
    what: 'the secret with which everything is signed that clients bring back, the same for all instances of a deployment',
    where: 'make one with: openssl rand -base64 32; leave it out for a single instance',
  }),
  MCP_ALLOWED_HOSTS: commaSeparated
    .pipe(
      z.array(
        z.string().regex(/^([\w.-]+|\[[\da-fA-F:.]+\])$/, 'must list host names without scheme or port'),
      ),
    )
    .register(guide, {
      what: 'host names, besides this machine, under which clients may reach the server',
      where: 'the name in the address that your clients use, for example mcp.example.com',
    }),
  MCP_ALLOWED_ORIGINS: commaSeparated
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
      what: 'origins of web pages, besides those of this machine, that may call the server',
      where: 'the scheme and host of the page, for example https://app.example.com',
    }),
};

/** Further variables of the launcher, by the way in which MCP clients sign in. */
export const clientAuthVariables = {
  none: {},
  oidc: {
    MCP_AUTH_ISSUER: secureAddress(tokensTravelThere)
      .refine((address) => !/[?#]/.test(address), { error: 'must not have a query or fragment' })
      .register(guide, {
        what: 'the issuer identifier of the OpenID provider whose tokens are accepted',
        where:
          'your provider\'s documentation, or "issuer" in its /.well-known/openid-configuration, character by character',
      }),
    MCP_AUTH_AUDIENCE: z.string().optional().register(guide, {
      what: 'the audience (aud) that tokens must be made for',
      where: 'leave it out if your provider puts the address of this server, with /mcp, into its tokens',
    }),
    MCP_AUTH_SCOPES: z
      .string()
      .default('')
      .transform((text) => text.split(/[\s,]+/).filter((scope) => scope !== ''))
      .register(guide, {
        what: 'the scopes that a token must have, separated by spaces',
        where: 'whatever your provider calls them; leave it out to ask for none',
      }),
  },
  autodesk: {
    MCP_AUTH_CLIENT_ID: z.string().optional().register(guide, {
      what: 'the Client ID of the APS application that people sign in through, if not APS_CLIENT_ID',
      where: 'https://aps.autodesk.com/myapps: an application of type "Traditional Web App"',
    }),
    MCP_AUTH_CLIENT_SECRET: z.string().optional().register(guide, {
      what: 'the Client Secret of the same application',
      where: 'https://aps.autodesk.com/myapps: open the application, "Client Secret"',
    }),
  },
} satisfies Record<ClientAuthMode, z.core.$ZodShape>;

/**
 * Reads the environment of this process, completed with a `.env` file. Real variables win. Prints nothing.
 *
 * @param folder - where `.env` is looked for; the working folder by default
 * @throws {SettingsError} when a `.env` is there and cannot be read
 */
export function readEnvironment(folder = process.cwd()): Environment {
  const file = resolve(folder, '.env');
  const { parsed, error } = readDotenv({ path: file, processEnv: {}, quiet: true });
  if (error && !('code' in error && error.code === 'ENOENT'))
    throw new SettingsError(`${file} cannot be read: ${error.message}`);
  return { ...parsed, ...process.env };
}

/** Whether an environment asks for the built-in sandbox; a value that cannot be is reported with all the rest. */
export function wantsSandbox(environment: Environment): boolean {
  return sandboxSwitch.safeParse(environment.APS_SANDBOX?.trim() || undefined).data === true;
}

/** The way in which an environment says that MCP clients sign in; a value that cannot be is reported with all the rest. */
export function clientAuthIn(environment: Environment): ClientAuthMode {
  return clientAuth.safeParse(environment.MCP_CLIENT_AUTH?.trim() || undefined).data ?? 'none';
}

/**
 * Reads variables from an environment, each checked by its schema. An empty variable counts as a missing one.
 *
 * @throws {SettingsError} that lists every problem at once; it never contains a value
 */
export function readSettings<Shape extends z.core.$ZodShape>(
  variables: Shape,
  environment: Environment,
): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(variables).map((name) => [name, environment[name]?.trim() || undefined]),
  );
  const result = z.object(variables).safeParse(given);
  if (result.success) return result.data;
  const problems = new Map<string, string>();
  for (const issue of result.error.issues) {
    const name = String(issue.path[0]);
    if (!problems.has(name)) problems.set(name, given[name] === undefined ? 'is missing' : issue.message);
  }
  const lines = [...problems].map(([name, problem]) => {
    const field: z.core.$ZodType | undefined = variables[name];
    const help = field && guide.get(field);
    return [`  ${name} ${problem}.`, help && `    It is ${help.what}.`, help && `    Find it: ${help.where}.`]
      .filter((line) => line !== undefined)
      .join('\n');
  });
  throw new SettingsError(
    [
      problems.size === 1 ? 'One setting needs attention:' : `${problems.size} settings need attention:`,
      ...lines,
      'Set them in the environment or in a file named .env in the working folder (start from .env.example).',
      'No Autodesk account at hand? Add --sandbox, or set APS_SANDBOX=1.',
    ].join('\n\n'),
  );
}
