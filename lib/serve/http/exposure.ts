/** Who can reach a server over HTTP, and whether its client sign-in makes that safe. */
import { isLoopback } from '../../config/schemas.ts';
import type { ClientAuthMode } from '../../config/variables.ts';
import { StartupError } from '../../startup-error.ts';

export type Exposure = {
  /** The address or name to listen on. */
  host: string;
  /** The origin under which clients reach it, where it is not that of the port itself. */
  publicUrl?: string;
  /** Host names, besides those of this machine, under which clients can reach it. */
  allowedHosts: readonly string[];
  clientAuth: ClientAuthMode;
  /** Whether the operator has listed who can use it. */
  limitsUsers: boolean;
  /** Whether the operator has said that everybody can call it. */
  insecureNoClientAuth: boolean;
  /** Whether the operator has said that everybody with an Autodesk account can use it. */
  insecureAnyAccount: boolean;
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

/** How others can reach a server. */
type Reach = {
  /** The settings that let them, as messages name them; empty if only this machine can reach it. */
  openedBy: readonly string[];
  /** Where they reach it, as messages name it. */
  where: string;
};

/** Says who can call a server. `signedIn` are those whom its client sign-in lets in; undefined without one. */
type WhoCanCall = (signedIn?: string) => string;

/** Why a server must not start; undefined or false if the rule does not stop it. */
type Rule = (server: ExposedServer, exposure: Exposure, reach: Reach) => string | undefined | false;

/** The rules, in the order in which they are checked: each assumes that those above are kept. */
const rules: readonly Rule[] = [
  autodeskNeedsSecret,
  noClientAuthContradicts,
  anyAccountContradicts,
  userListNeedsPeople,
  keyProvesNoPerson,
  tokensNeedAddress,
  linksNeedIdentity,
  usersNeedSignIn,
  applicationNeedsSignIn,
  anyAccountNeedsConsent,
];

/**
 * Checks that nobody gets access to data that is not theirs.
 *
 * @returns the host names that follow from where it listens, from its public address and from those that are allowed, and
 *   who can call it, in words
 * @throws {StartupError} for a combination that is impossible, or would give people's data to others
 */
export function checkExposure(
  server: ExposedServer,
  exposure: Exposure,
): { hosts: string[]; whoCanCall: WhoCanCall } {
  const { host, publicUrl, allowedHosts } = exposure;
  const reach = reachOf(exposure);
  for (const rule of rules) {
    const reason = rule(server, exposure, reach);
    if (reason) throw new StartupError(reason);
  }
  return {
    hosts: [
      host.includes(':') ? `[${host}]` : host.toLowerCase(),
      ...(publicUrl ? [new URL(publicUrl).hostname] : []),
      ...allowedHosts,
    ],
    whoCanCall: (signedIn = 'programs on this machine') =>
      (reach.openedBy.length > 0 && everybody(server, exposure)) || signedIn,
  };
}

function reachOf({ host, publicUrl, allowedHosts }: Exposure): Reach {
  const listensLocally = host === '::1' || isLoopback(host);
  // A public address, or a name that is not of this machine, means that something lets others through.
  const hasPublicAddress = publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname);
  const names = allowedHosts.filter((name) => !isLoopback(name));
  const openings = [
    !listensLocally && { by: '--host', where: host },
    hasPublicAddress && { by: 'MCP_PUBLIC_URL', where: publicUrl },
    names.length > 0 && { by: 'MCP_ALLOWED_HOSTS', where: names.join(' or ') },
  ].filter((opening) => opening !== false);
  return { openedBy: openings.map(({ by }) => by), where: openings[0]?.where ?? 'this machine' };
}

/** Whom the operator has let in without asking who they are. */
function everybody(
  { userScopes }: ExposedServer,
  { clientAuth, insecureAnyAccount }: Exposure,
): string | undefined {
  if (clientAuth === 'none')
    return 'EVERYBODY who can reach this address: --insecure-no-client-auth, clients do not sign in';
  return insecureAnyAccount && !userScopes
    ? 'EVERYBODY with an Autodesk account, with the rights of this server: --insecure-any-account'
    : undefined;
}

function autodeskNeedsSecret({ isPublicClient }: ExposedServer, { clientAuth }: Exposure) {
  return (
    clientAuth === 'autodesk' &&
    isPublicClient &&
    `With the client sign-in "autodesk", MCP clients sign in through the server's APS application, and that needs a ` +
      `secret. This server works without one. Use 3lo instead: it does the same for its users.`
  );
}

function noClientAuthContradicts(_: ExposedServer, { clientAuth, insecureNoClientAuth }: Exposure) {
  return (
    insecureNoClientAuth &&
    clientAuth !== 'none' &&
    `--insecure-no-client-auth contradicts ${signInNamed(clientAuth)}: choose one.`
  );
}

function anyAccountContradicts(_: ExposedServer, { clientAuth, insecureAnyAccount, limitsUsers }: Exposure) {
  if (!insecureAnyAccount) return undefined;
  if (clientAuth !== 'autodesk')
    return `--insecure-any-account contradicts ${signInNamed(clientAuth)}, which uses no Autodesk accounts: choose one.`;
  return (
    limitsUsers &&
    '--insecure-any-account contradicts MCP_ALLOWED_USERS, which says who can use this server: choose one.'
  );
}

/** A setting of security that has no effect is refused, so that nobody relies on it. */
function userListNeedsPeople(server: ExposedServer, { clientAuth, limitsUsers }: Exposure) {
  return (
    limitsUsers &&
    (clientAuth === 'none' || clientAuth === 'key') &&
    `MCP_ALLOWED_USERS says who can use this server, but the client sign-in "${clientAuth}" does not identify people. ` +
      `Choose --client-auth ${forPeople(server)} (docs/client-sign-in.md), or leave it out.`
  );
}

function keyProvesNoPerson(server: ExposedServer, { clientAuth }: Exposure, reach: Reach) {
  return (
    clientAuth === 'key' &&
    server.userScopes &&
    reach.openedBy.length > 0 &&
    `A key identifies a program, not a person, and the tokens of this server belong to its users: everybody with a key ` +
      `who can reach ${reach.where} would act as the person who last signed in to Autodesk with it. ` +
      `Choose --client-auth ${forPeople(server)} (docs/client-sign-in.md), or ${toStayLocal(reach)}.`
  );
}

/** Clients with a key need no fixed address. Those that sign in get tokens for one. */
function tokensNeedAddress(_: ExposedServer, { clientAuth, publicUrl, host }: Exposure, { openedBy }: Reach) {
  const [first] = openedBy;
  return (
    (clientAuth === 'oidc' || clientAuth === 'autodesk') &&
    publicUrl === undefined &&
    first !== undefined &&
    `MCP_PUBLIC_URL is missing. With ${first === '--host' ? `--host ${host}` : first}, clients and browsers come from ` +
      `other machines and need an address: set it to the https address that they use, for example ` +
      `https://mcp.example.com.`
  );
}

/** Where a link to Autodesk can reach someone other than the person it is for, the server must find out who opens it. */
function linksNeedIdentity(
  { userScopes }: ExposedServer,
  { clientAuth, publicUrl, identifiesPeople }: Exposure,
  reach: Reach,
) {
  return (
    clientAuth === 'oidc' &&
    userScopes &&
    !identifiesPeople &&
    reach.openedBy.length > 0 &&
    `MCP_AUTH_CLIENT_ID is missing: this server cannot find out who opens a link to sign in to Autodesk, so a link in the ` +
      `wrong hands would give one person's data to another. Register a client at the OpenID provider with the redirect URI ` +
      `${publicUrl}/signin/callback, and set MCP_AUTH_CLIENT_ID and MCP_AUTH_CLIENT_SECRET (docs/providers.md). If the ` +
      `provider accepts metadata documents, set MCP_AUTH_CLIENT_ID=${publicUrl}/signin/client.json instead. Or ` +
      `${toStayLocal(reach)}.`
  );
}

function usersNeedSignIn(server: ExposedServer, { clientAuth }: Exposure, reach: Reach) {
  return (
    clientAuth === 'none' &&
    server.userScopes &&
    reach.openedBy.length > 0 &&
    `The tokens of this server belong to its users, and without a client sign-in it cannot identify them: everybody ` +
      `who can reach ${reach.where} would act as the person who last signed in to Autodesk. Choose --client-auth ` +
      `${forPeople(server)} (docs/client-sign-in.md), or ${toStayLocal(reach)}.`
  );
}

function applicationNeedsSignIn(
  server: ExposedServer,
  { clientAuth, insecureNoClientAuth }: Exposure,
  reach: Reach,
) {
  return (
    clientAuth === 'none' &&
    !insecureNoClientAuth &&
    reach.openedBy.length > 0 &&
    `Everybody who can reach ${reach.where} could call this server with the rights of its APS application: clients do ` +
      `not sign in. Choose --client-auth key, ${forPeople(server)} (docs/client-sign-in.md), or ${toStayLocal(reach)}. ` +
      `If something in front of it checks who calls, add --insecure-no-client-auth.`
  );
}

/** Anybody can open an Autodesk account. Where people have tokens of their own, each reads only their own data. */
function anyAccountNeedsConsent(
  { userScopes }: ExposedServer,
  { clientAuth, limitsUsers, insecureAnyAccount }: Exposure,
  reach: Reach,
) {
  return (
    clientAuth === 'autodesk' &&
    !userScopes &&
    !limitsUsers &&
    !insecureAnyAccount &&
    reach.openedBy.length > 0 &&
    `Everybody with an Autodesk account could sign in and read everything that this server can. List the people who can use it ` +
      `in MCP_ALLOWED_USERS (docs/client-sign-in.md), choose --client-auth oidc, or ${toStayLocal(reach)}. To let ` +
      `everybody in, add --insecure-any-account.`
  );
}

const signInNamed = (clientAuth: ClientAuthMode) =>
  `the client sign-in "${clientAuth}" (--client-auth or MCP_CLIENT_AUTH)`;

/** The client sign-ins that identify people. */
const forPeople = ({ isPublicClient }: ExposedServer) => (isPublicClient ? 'oidc' : 'autodesk or oidc');

const list = new Intl.ListFormat('en-GB');
const toStayLocal = ({ openedBy }: Reach) =>
  `leave out ${list.format(openedBy)} so that only this machine can reach it`;
