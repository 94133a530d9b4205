/** `aps-mcp sandbox`: starts the sandbox by itself and prints how to use it, or invites a service account to a running one. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { commandLine } from '../lib/command-line.ts';
import { whenLauncherEnds } from '../lib/serve/launch/launcher.ts';
import { openIdLikenesses, type Sandbox, startSandbox } from '../sandbox/index.ts';
import { troubleSchema } from '../sandbox/trouble.ts';
import { invite } from './sandbox/invite.ts';

export const options = {
  port: { type: 'string' },
  host: { type: 'string' },
  latency: { type: 'string' },
  'token-lifetime': { type: 'string' },
  'openid-like': { type: 'string' },
  'callback-url': { type: 'string', multiple: true },
  'no-rate-limits': { type: 'boolean' },
  'region-warnings': { type: 'boolean' },
  invite: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const usage = `Usage: ${commandLine('sandbox', '[options]')}

Starts a local stand-in for Autodesk Platform Services. You need no Autodesk account and no network.

  --port N             Port to listen on, 0 for any free one (default 5050)
  --host H             Address to listen on (default 127.0.0.1)
  --latency MS         Delay of every response in milliseconds (default 0)
  --token-lifetime S   Lifetime of access tokens in seconds (default 3599)
  --openid-like NAME   Let the identity provider behave like entra, okta, auth0 or keycloak
  --callback-url URL   Register a callback URL for signing users in; repeat it for more
  --no-rate-limits     Do not refuse calls beyond the published rate limits
  --region-warnings    In lists of hubs, warn of every region without one, as APS does
  --invite ACCOUNT     Invite a service account, by id or email address, to the hubs of the sandbox that
                       runs at --host and --port, and exit
  --help               Print this`;

const wholeNumber = z.string().regex(/^\d+$/, 'must be a whole number').transform(Number);
const isCallbackUrl = (text: string) => /^https?:\/\/[^#]+$/.test(text) && URL.canParse(text);
const settingsSchema = z.object({
  port: wholeNumber.pipe(z.int().max(65_535)).default(5050),
  host: z.string().min(1).default('127.0.0.1'),
  latency: wholeNumber.pipe(troubleSchema.shape.latencyMs).default(0),
  'token-lifetime': wholeNumber.pipe(troubleSchema.shape.tokenLifetimeSeconds).default(3599),
  'openid-like': z.enum(openIdLikenesses, 'must be entra, okta, auth0 or keycloak').optional(),
  'callback-url': z
    .array(z.string().refine(isCallbackUrl, 'must be an absolute http or https URL without a fragment'))
    .default([]),
  'no-rate-limits': z.boolean().default(false),
  'region-warnings': z.boolean().default(false),
  invite: z.string().min(1, 'must be the id or email address of a service account').optional(),
});
type Settings = z.infer<typeof settingsSchema>;

/** @param args - the command line after the name of the command */
export async function run(args: string[]): Promise<void> {
  try {
    await startFrom(args);
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}

async function startFrom(args: string[]): Promise<void> {
  const settings = readSettings(args);
  if (settings === 'help') {
    console.log(usage);
    return;
  }
  if (settings.invite !== undefined) {
    console.log(await invite(settings.invite, settings));
    return;
  }
  const sandbox = await startSandbox({
    port: settings.port,
    host: settings.host,
    tokenLifetimeSeconds: settings['token-lifetime'],
    openIdLike: settings['openid-like'],
    redirectUris: settings['callback-url'],
    rateLimits: !settings['no-rate-limits'],
    regionWarnings: settings['region-warnings'],
  });
  sandbox.trouble.set({ latencyMs: settings.latency });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void sandbox.close());
  }
  whenLauncherEnds(() => void sandbox.close());
  console.log(introduction(sandbox, settings['openid-like']));
}

function readSettings(args: string[]): Settings | 'help' {
  const { values } = parseArgs({ args, options });
  if (values.help) return 'help';
  const settings = settingsSchema.safeParse(values);
  if (settings.success) return settings.data;
  throw new Error(
    settings.error.issues
      .map(({ path: [option = ''], message }) => `--${String(option)}: ${message}`)
      .join('; '),
  );
}

function introduction(sandbox: Sandbox, like: Settings['openid-like']): string {
  const { url, env, publicClientId } = sandbox;
  const variables = Object.entries(env).map(([name, value]) => `  ${name}=${value}`);
  const credentials = `${env.APS_CLIENT_ID}:${env.APS_CLIENT_SECRET}`;
  return `APS sandbox at ${url}. Stop it with Ctrl-C.

Point a server at it, in .env or with export:
${variables.join('\n')}
  APS_CLIENT_ID=${publicClientId}    # for pkce, instead of the one above

Try it:
  TOKEN=$(curl -s ${url}/authentication/v2/token -u ${credentials} -d grant_type=client_credentials -d 'scope=bucket:read data:read' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -s -H "Authorization: Bearer $TOKEN" '${url}/oss/v2/buckets?region=EMEA&limit=100'
  curl -s -H "Authorization: Bearer $TOKEN" ${url}/oss/v2/buckets/sandbox-odd-names/objects

Simulate failures, and end them:
  curl -s -X PUT ${url}/_sandbox/trouble -d '{"latencyMs":500,"sequence":[{"status":429,"retryAfter":"1"},{"status":503}]}'
  curl -s -X PUT ${url}/_sandbox/trouble -d '{"failAll":{"drop":"midway"}}'
  curl -s -X POST ${url}/_sandbox/revoke-access-tokens
  curl -s -X DELETE ${url}/_sandbox/trouble

Invite a service account that you created. Until then, it sees nothing:
  npm run sandbox -- --port ${new URL(url).port} --invite ACCOUNT

MCP clients sign in at the identity provider of a made-up company, not at Autodesk:
${provider(sandbox, like)}`;
}

function provider(
  { url, openIdIssuer, openIdClientId, openIdServerClient, openIdEnv }: Sandbox,
  like: Settings['openid-like'],
) {
  const token = `${url}/_sandbox/openid-token`;
  const withoutBrowser = '    # a token, without a browser';
  if (like === undefined) {
    return `  issuer ${openIdIssuer}
  client of MCP servers ${openIdServerClient.clientId}, with the secret ${openIdServerClient.clientSecret}
  curl -s "${token}?audience=http://localhost:5000/mcp"${withoutBrowser}`;
  }
  const variables = Object.entries(openIdEnv('http://localhost:5000/mcp')).map(
    ([name, value]) => `  ${name}=${value}`,
  );
  return `  It behaves like ${like}. For a server at http://localhost:5000/mcp:
  MCP_CLIENT_AUTH=oidc
${variables.join('\n')}
  The client id for MCP clients is ${openIdClientId}
  curl -s "${token}"${withoutBrowser}`;
}

/** One line that says what went wrong and what to do. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return 'The port is taken. Choose another with --port, or use --port 0 for any free one.';
  if (code === 'EACCES') return 'You may not listen on this port. Choose one above 1023 with --port.';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return 'This machine does not have that address. Check --host.';
  return `${error.message.replaceAll('\n', ' ')} (--help shows the options)`;
}
