/** Who can reach a server over HTTP, and whether its client sign-in makes that safe. */
import { isLoopback } from '../../config/addresses.ts';
import type { ClientAuthMode } from '../../config/variables.ts';
import { StartupError } from '../../startup-error.ts';

export type Exposure = {
  /** The address or name to listen on. */
  host: string;
  clientAuth: ClientAuthMode;
  /** The origin under which clients reach it, where it is not that of the port itself. */
  publicUrl?: string;
  /** Whether the operator has said that everybody can call it. */
  insecureNoClientAuth: boolean;
};

/** What the rules need to know of a server. */
type Exposed = {
  /** Whether its APS application has no secret. */
  isPublicClient: boolean;
  /** Whether its tokens belong to users. */
  hasUsers: boolean;
};

/** @throws {StartupError} for a combination that is impossible, or would give people's data to others */
export function refuseUnsafe({ isPublicClient, hasUsers }: Exposed, exposure: Exposure): void {
  const { host, clientAuth, publicUrl, insecureNoClientAuth } = exposure;
  if (clientAuth === 'autodesk' && isPublicClient)
    throw new StartupError(
      `With the client sign-in "autodesk", MCP clients sign in through the server's APS application, and that needs a ` +
        `secret. This server works without one. Use 3lo instead: it does the same for its users.`,
    );
  if (clientAuth !== 'none') {
    if (insecureNoClientAuth)
      throw new StartupError(
        `--insecure-no-client-auth contradicts the client sign-in "${clientAuth}" (--client-auth or MCP_CLIENT_AUTH): ` +
          `choose one.`,
      );
    if (!isLocal(host) && publicUrl === undefined)
      throw new StartupError(
        `MCP_PUBLIC_URL is missing. With --host ${host}, clients and browsers come from other machines and need an ` +
          `address: set it to the https address that they use, for example https://mcp.example.com.`,
      );
    return;
  }
  if (isLocalOnly(exposure)) return;
  const where = isLocal(host) ? publicUrl : host;
  const open = [!isLocal(host) && '--host', isElsewhere(publicUrl) && 'MCP_PUBLIC_URL'].filter(Boolean);
  const toStayLocal = `leave out ${open.join(' and ')} so that only this machine can reach it`;
  const ways = isPublicClient ? '--client-auth oidc' : '--client-auth autodesk or oidc';
  if (hasUsers)
    throw new StartupError(
      `The tokens of this server belong to its users, and without a client sign-in it cannot identify them: everybody ` +
        `who can reach ${where} would act as the person who signed in to Autodesk last. Choose ${ways} ` +
        `(docs/client-sign-in.md), or ${toStayLocal}.`,
    );
  if (!insecureNoClientAuth)
    throw new StartupError(
      `Everybody who can reach ${where} could call this server with the rights of its APS application: clients do not ` +
        `sign in. Choose ${ways} (docs/client-sign-in.md), or ${toStayLocal}. If something in front of it checks who ` +
        `calls, add --insecure-no-client-auth.`,
    );
}

/** Whether only this machine can reach a server that listens on `host`. */
function isLocal(host: string): boolean {
  return host === '::1' || isLoopback(host);
}

/** Whether only programs on this machine can reach it. A public address means that something lets others through. */
function isLocalOnly({ host, publicUrl }: Exposure): boolean {
  return isLocal(host) && !isElsewhere(publicUrl);
}

function isElsewhere(publicUrl: string | undefined): boolean {
  return publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname);
}

/** Who can call a server without client sign-in, for the banner. */
export function withoutClientSignIn(exposure: Exposure): string {
  return isLocalOnly(exposure)
    ? 'programs on this machine'
    : 'EVERYBODY who can reach this address: --insecure-no-client-auth, clients do not sign in';
}

/** The host names that follow from where it listens and from its public address. */
export function namesOf({ host, publicUrl }: Exposure): string[] {
  const own = host.includes(':') ? `[${host}]` : host.toLowerCase();
  return publicUrl ? [own, new URL(publicUrl).hostname] : [own];
}
