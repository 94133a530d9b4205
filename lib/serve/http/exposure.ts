/** Who can reach a server over HTTP, and whether its client sign-in makes that safe. */
import { isLoopback } from '../../config/schemas.ts';
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
  /** With `oidc`: whether it has a client at the provider, and so finds out who opens a link to Autodesk. */
  identifiesPeople?: boolean;
};

/** What the rules need to know of a server. */
export type ExposedServer = {
  /** Whether its APS application has no secret. */
  isPublicClient: boolean;
  /** What tokens of users can be used for, where tokens belong to users. */
  userScopes?: readonly string[];
};

/**
 * Checks that nobody gets access to data that is not theirs.
 *
 * @returns the host names that follow from where it listens and from its public address, and who can call it, in words
 * @throws {StartupError} for a combination that is impossible, or would give people's data to others
 */
export function checkExposure(
  server: ExposedServer,
  exposure: Exposure,
): { hosts: string[]; whoCanCall: string } {
  const { host, clientAuth, publicUrl, insecureNoClientAuth } = exposure;
  const listensLocally = host === '::1' || isLoopback(host);
  // A public address means that something lets others through.
  const hasPublicAddress = publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname);
  const open = [!listensLocally && '--host', hasPublicAddress && 'MCP_PUBLIC_URL'].filter(Boolean);
  const where = listensLocally ? publicUrl : host;
  // What to do instead, in messages.
  const toStayLocal = `leave out ${open.join(' and ')} so that only this machine can reach it`;
  const forPeople = server.isPublicClient ? 'oidc' : 'autodesk or oidc';

  if (clientAuth === 'autodesk' && server.isPublicClient)
    throw new StartupError(
      `With the client sign-in "autodesk", MCP clients sign in through the server's APS application, and that needs a ` +
        `secret. This server works without one. Use 3lo instead: it does the same for its users.`,
    );
  if (clientAuth !== 'none' && insecureNoClientAuth)
    throw new StartupError(
      `--insecure-no-client-auth contradicts the client sign-in "${clientAuth}" (--client-auth or MCP_CLIENT_AUTH): ` +
        `choose one.`,
    );
  if (clientAuth === 'key' && server.userScopes && open.length > 0)
    throw new StartupError(
      `A key proves a program and no person, and the tokens of this server belong to its users: everybody who has a key ` +
        `and can reach ${where} would act as the person who signed in to Autodesk with it last. ` +
        `Choose --client-auth ${forPeople} (docs/client-sign-in.md), or ${toStayLocal}.`,
    );
  // Clients with a key are told no address. Those that sign in get tokens for one.
  if (clientAuth !== 'none' && clientAuth !== 'key' && !listensLocally && publicUrl === undefined)
    throw new StartupError(
      `MCP_PUBLIC_URL is missing. With --host ${host}, clients and browsers come from other machines and need an ` +
        `address: set it to the https address that they use, for example https://mcp.example.com.`,
    );
  if (clientAuth === 'oidc' && server.userScopes && open.length > 0 && !exposure.identifiesPeople)
    throw new StartupError(
      `MCP_AUTH_CLIENT_ID is missing: this server cannot find out who opens a link to sign in to Autodesk, so a link in the ` +
        `wrong hands would give one person's data to another. Register a client at the OpenID provider with the redirect URI ` +
        `${publicUrl ?? 'MCP_PUBLIC_URL'}/signin/callback, and set MCP_AUTH_CLIENT_ID and MCP_AUTH_CLIENT_SECRET (docs/providers.md). If the ` +
        `provider accepts metadata documents, set MCP_AUTH_CLIENT_ID=${publicUrl ?? 'MCP_PUBLIC_URL'}/signin/client.json instead. Or ` +
        `${toStayLocal}.`,
    );
  if (clientAuth === 'none' && open.length > 0) {
    if (server.userScopes)
      throw new StartupError(
        `The tokens of this server belong to its users, and without a client sign-in it cannot identify them: everybody ` +
          `who can reach ${where} would act as the person who signed in to Autodesk last. Choose --client-auth ` +
          `${forPeople} (docs/client-sign-in.md), or ${toStayLocal}.`,
      );
    if (!insecureNoClientAuth)
      throw new StartupError(
        `Everybody who can reach ${where} could call this server with the rights of its APS application: clients do not ` +
          `sign in. Choose --client-auth key, ${forPeople} (docs/client-sign-in.md), or ${toStayLocal}. If something ` +
          `in front of it checks who calls, add --insecure-no-client-auth.`,
      );
  }
  return {
    hosts: [
      host.includes(':') ? `[${host}]` : host.toLowerCase(),
      ...(publicUrl ? [new URL(publicUrl).hostname] : []),
    ],
    whoCanCall:
      open.length === 0
        ? 'programs on this machine'
        : 'EVERYBODY who can reach this address: --insecure-no-client-auth, clients do not sign in',
  };
}
