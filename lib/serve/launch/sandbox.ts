/**
 * The built-in APS sandbox, loaded only when it is asked for. This is the only place where `lib` loads code from outside: at
 * run time, behind the interface below, so that `lib` compiles and runs without the sandbox.
 */
import { existsSync } from 'node:fs';
import { pemIn } from '../../config/schemas.ts';
import type { Environment } from '../../config/settings.ts';
import type { ClientAuthMode } from '../../config/variables.ts';
import { StartupError } from '../../startup-error.ts';

/** A running sandbox, as far as the launcher needs it. */
export type LaunchedSandbox = {
  readonly url: string;
  /** The variables that point a server at it. */
  readonly env: Readonly<Record<string, string>>;
  /** The client id of its application without a secret. */
  readonly publicClientId: string;
  /** The issuer of its OpenID provider. */
  readonly openIdIssuer: string;
  /** Its client for MCP servers. */
  readonly openIdServerClient: { readonly clientId: string; readonly clientSecret?: string };
  /** Registers a callback URL with its applications. */
  registerRedirectUri(uri: string): void;
  /** Registers a redirect URI with that client. */
  registerOpenIdRedirectUri(uri: string): void;
  close(): Promise<void>;
};

/** What `sandbox/index.ts` exports, as far as the launcher needs it. */
export type SandboxModule = {
  startSandbox(options: {
    serviceAccount?: { id: string; kid: string; privateKey: string };
  }): Promise<LaunchedSandbox>;
};

/** Loads `sandbox/` beside `lib/`, in the sources as in `dist`. */
async function loadBesideLib(): Promise<SandboxModule> {
  const location = new URL(
    `../../../sandbox/index${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
    import.meta.url,
  );
  if (!existsSync(location))
    throw new StartupError(
      'The built-in sandbox is missing: --sandbox and APS_SANDBOX=1 need the folder sandbox/ beside lib/. ' +
        'Restore it, or leave them out to use the real service.',
    );
  return import(location.href);
}

/**
 * Starts the sandbox. It is told about the service account in the settings, which `npm run ssa:setup -- --sandbox` may have
 * made in another one.
 *
 * @param load - loads its code: a bundle has it elsewhere than beside `lib/`, where it is looked for by default
 * @throws {StartupError} when there is no sandbox
 */
export async function startSandbox(
  environment: Environment,
  load: () => Promise<SandboxModule> = loadBesideLib,
): Promise<LaunchedSandbox> {
  const sandbox = await load();
  return sandbox.startSandbox({ serviceAccount: accountIn(environment) });
}

/** A service account that was created in another sandbox: the one in the settings, if there is one. */
export function accountIn(
  environment: Environment,
): { id: string; kid: string; privateKey: string } | undefined {
  const { APS_SSA_ID: id, APS_SSA_KEY_ID: kid, APS_SSA_KEY_BASE64: key } = environment;
  return id && kid && key ? { id, kid, privateKey: keyIn(key) } : undefined;
}

/** If the key of an account cannot be read, the sandbox uses its own account instead. */
function keyIn(value: string): string {
  try {
    return pemIn(value);
  } catch {
    return '';
  }
}

/**
 * The environment with the sandbox in place of APS and, unless you set your own, of the OpenID provider. A server without a
 * secret gets the sandbox's application without one.
 */
export function withSandbox(
  given: Environment,
  sandbox: LaunchedSandbox,
  isPublicClient: boolean,
  clientAuth: ClientAuthMode,
): Environment {
  const hasOwnProvider = Boolean(given.MCP_AUTH_ISSUER?.trim());
  const { clientId, clientSecret } = sandbox.openIdServerClient;
  return {
    ...given,
    ...(!hasOwnProvider && {
      MCP_AUTH_ISSUER: sandbox.openIdIssuer,
      MCP_AUTH_AUDIENCE: undefined,
      MCP_AUTH_RESOURCE: undefined,
      MCP_AUTH_SCOPES: 'mcp:tools',
      MCP_AUTH_SCOPES_SUPPORTED: undefined,
      MCP_AUTH_SUBJECT_CLAIM: undefined,
      MCP_AUTH_CLIENT_ID: clientId,
      MCP_AUTH_CLIENT_SECRET: clientSecret,
    }),
    ...sandbox.env,
    // There may be no network to fetch documents from. Nothing probes it to find out.
    MCP_AUTH_DOCUMENTS: given.MCP_AUTH_DOCUMENTS?.trim() || 'off',
    ...(isPublicClient && { APS_CLIENT_ID: sandbox.publicClientId }),
    // With `autodesk`, these name an application of APS, and the sandbox knows only its own.
    ...(clientAuth === 'autodesk' && { MCP_AUTH_CLIENT_ID: undefined, MCP_AUTH_CLIENT_SECRET: undefined }),
  };
}

/** Whether the environment names another application than those of the sandbox. */
export function hasOwnApplication(
  { APS_CLIENT_ID: id }: Environment,
  { env, publicClientId }: Pick<LaunchedSandbox, 'env' | 'publicClientId'>,
): boolean {
  return Boolean(id?.trim()) && ![env.APS_CLIENT_ID, publicClientId].includes(id);
}

/** What to tell somebody who has credentials of their own, and gets the data of the sandbox; undefined if they have none. */
export function sandboxWarning(environment: Environment, sandbox: LaunchedSandbox): string | undefined {
  if (!hasOwnApplication(environment, sandbox)) return undefined;
  return (
    'Warning: APS_CLIENT_ID is set, but not used, because APS_SANDBOX=1 is set too: all data is sample data of the built-in ' +
    'sandbox. To use your application at Autodesk, remove APS_SANDBOX or set it to 0.'
  );
}
