/** Who can reach a server over HTTP, and whether that is safe with the client sign-in that it has. */
import { type ClientAuthMode, isLoopback, SettingsError } from '../config.ts';
import { isPublicClient, type ServerDefinition } from './definition.ts';
import { isLocal } from './listen.ts';

export type Reach = {
  /** The address or name that is listened on. */
  host: string;
  clientAuth: ClientAuthMode;
  /** The origin under which clients reach it, where it is not that of the port itself. */
  publicUrl?: string;
  /** Whether the operator has said that everybody may call. */
  insecureNoClientAuth: boolean;
};

/** @throws {SettingsError} for a combination that cannot be, or that would give people's data to others */
export function refuseUnsafe(definition: ServerDefinition, reach: Reach): void {
  const { host, clientAuth, publicUrl, insecureNoClientAuth } = reach;
  if (clientAuth === 'autodesk' && isPublicClient(definition))
    throw new SettingsError(
      `With the client sign-in "autodesk" MCP clients sign in through the APS application of the server, which needs a ` +
        `secret for that; this server makes a point of having none. Use 3lo with it instead: it does the same for its users.`,
    );
  if (clientAuth !== 'none') {
    if (insecureNoClientAuth)
      throw new SettingsError(
        `--insecure-no-client-auth contradicts the client sign-in "${clientAuth}" (--client-auth or MCP_CLIENT_AUTH): ` +
          `choose one.`,
      );
    if (!isLocal(host) && publicUrl === undefined)
      throw new SettingsError(
        `MCP_PUBLIC_URL is missing. With --host ${host}, clients and browsers come from elsewhere, and must be told where ` +
          `to: set it to the https address that they use, for example https://mcp.example.com.`,
      );
    return;
  }
  if (isOnlyHere(reach)) return;
  const where = isLocal(host) ? publicUrl : host;
  const open = [!isLocal(host) && '--host', isElsewhere(publicUrl) && 'MCP_PUBLIC_URL'].filter(Boolean);
  const toStayHere = `leave ${open.join(' and ')} out`;
  const ways = isPublicClient(definition) ? '--client-auth oidc' : '--client-auth autodesk or oidc';
  if (definition.userScopes)
    throw new SettingsError(
      `Its tokens belong to users, and without a sign-in of MCP clients nothing tells users apart: whoever can reach ` +
        `${where} would act as whoever signed in to Autodesk last. Choose ${ways} (docs/client-sign-in.md), or ` +
        `${toStayHere}, so that only this machine can reach it.`,
    );
  if (!insecureNoClientAuth)
    throw new SettingsError(
      `Everybody who can reach ${where} could call it, with the rights of its APS application: no client has to sign in. ` +
        `Choose ${ways} (docs/client-sign-in.md), or ${toStayHere}, so that only this machine can reach it. If something ` +
        `in front of it checks who calls, say so with --insecure-no-client-auth.`,
    );
}

/** Whether nothing but programs on this machine can reach it. A public address says that something lets others through. */
function isOnlyHere({ host, publicUrl }: Reach): boolean {
  return isLocal(host) && !isElsewhere(publicUrl);
}

function isElsewhere(publicUrl: string | undefined): boolean {
  return publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname);
}

/** Who may call a server that asks nobody to sign in, for the start-up message. */
export function withoutSignIn(reach: Reach): string {
  return isOnlyHere(reach)
    ? 'programs on this machine'
    : 'EVERYBODY who can reach this address: --insecure-no-client-auth, it asks nobody to sign in';
}

/** The names under which it is reached because of where it listens and what clients are told. */
export function namesOf({ host, publicUrl }: Reach): string[] {
  const own = host.includes(':') ? `[${host}]` : host.toLowerCase();
  return publicUrl ? [own, new URL(publicUrl).hostname] : [own];
}
