// The interface of a grant. Each `grant_type` has its own file in this folder.
import type { Application } from '../applications.ts';
import type { Consent } from '../sign-ins.ts';

/** What to issue. */
export type Granted = {
  scopes: readonly string[];
  userId?: string;
  /** Set if a user signed in. Adds a refresh token and, with the scope `openid`, an ID token. */
  consent?: Consent;
  /** For the ID token, from the authorization request. */
  nonce?: string;
};

/**
 * Decides on a token request from an authenticated application. Returns what to issue, or the OAuth error. The token
 * endpoint issues the token and writes the response.
 */
export type Grant = (request: {
  application: Application;
  form: URLSearchParams;
  /** The URL that the token request was sent to. */
  tokenEndpoint: string;
}) => Promise<Granted | Response>;
