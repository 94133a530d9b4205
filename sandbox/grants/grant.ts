// What a grant of the token endpoint is: one file beside this one for each `grant_type`.
import type { Application } from '../applications.ts';
import type { Consent } from '../sign-ins.ts';

/** What a grant decided to issue. */
export type Granted = {
  scopes: readonly string[];
  userId?: string;
  /** The consent of a user who signed in: with it comes a refresh token, and an ID token for the scope `openid`. */
  consent?: Consent;
  /** For the ID token, when the authorization request had one. */
  nonce?: string;
};

/**
 * Decides on a token request whose application has been authenticated: what to issue, or the OAuth error to answer.
 * The token endpoint issues the token and writes the answer.
 */
export type Grant = (request: {
  application: Application;
  form: URLSearchParams;
  /** The address that the token request was sent to. */
  tokenEndpoint: string;
}) => Promise<Granted | Response>;
