// What a grant of the token endpoint is: one file beside this one for each `grant_type`.
import type { Application } from '../applications.ts';

/** What a grant decided to issue. */
export type Granted = { scopes: readonly string[]; userId?: string };

/**
 * Decides on a token request whose application has been authenticated: what to issue, or the OAuth error to answer.
 * The token endpoint issues the token and writes the answer.
 */
export type Grant = (request: {
  application: Application;
  form: URLSearchParams;
}) => Promise<Granted | Response>;
