/** The client sign-in that the settings ask for. */
import type { Keys } from '../../sealed.ts';
import type { Store } from '../../store/store.ts';
import type { FetchDocument } from './autodesk/metadata-document.ts';
import type { Autodesk } from './autodesk.ts';
import type { ClientSignIn } from './client-sign-in.ts';
import type { ApiKeys } from './key.ts';
import type { Oidc } from './oidc.ts';

/** How MCP clients sign in, with the settings for it. */
export type ClientSignInSettings =
  | { mode: 'none' }
  | ({ mode: 'key' } & Pick<ApiKeys, 'keys'>)
  | ({ mode: 'oidc' } & Omit<Oidc, 'resource' | 'name' | 'redirectUri'>)
  | ({
      mode: 'autodesk';
      /** The APS application that people sign in through. */
      clientId: string;
      clientSecret: string;
      /** Origin of APS. */
      baseUrl: string;
    } & Pick<
      Autodesk,
      'pkce' | 'documents' | 'registration' | 'redirectUris' | 'grantDays' | 'allowedUsers'
    >);

export type ClientSignInOptions = {
  settings: ClientSignInSettings;
  /** The name of the server on the command line. */
  serverName: string;
  /** What tokens of users can be used for, where the server has users. */
  userScopes?: readonly string[];
  /** Origin of the server, as clients and browsers see it. */
  publicUrl: string;
  /** Where an OpenID provider sends browsers back to; `/signin/callback` on `publicUrl`, by default. */
  identityCallbackUrl?: string;
  keys: Keys;
  store: Store;
  /** Fetches metadata documents of clients; guarded against private addresses by default. */
  fetchDocument?: FetchDocument;
};

/** Enough to know who somebody is, for a server that does not act for its users. */
export const profileOnly = ['user-profile:read'];

/** Makes the client sign-in; undefined for `none`. Each is loaded only when it is needed: most starts need none. */
export async function createClientSignIn(options: ClientSignInOptions): Promise<ClientSignIn | undefined> {
  const { settings, serverName, userScopes = profileOnly, publicUrl, keys, store, fetchDocument } = options;
  const resource = `${publicUrl}/mcp`;
  const name = `APS MCP server (${serverName})`;
  switch (settings.mode) {
    case 'none':
      return undefined;
    case 'key': {
      const { apiKeys } = await import('./key.ts');
      return apiKeys({ ...settings, name });
    }
    case 'oidc': {
      const { oidc } = await import('./oidc.ts');
      return oidc({ ...settings, redirectUri: options.identityCallbackUrl, resource, name });
    }
    case 'autodesk': {
      const { autodesk } = await import('./autodesk.ts');
      return autodesk({
        ...settings,
        publicUrl,
        resource,
        name,
        keys,
        store,
        fetchDocument,
        scopes: userScopes,
      });
    }
  }
}
