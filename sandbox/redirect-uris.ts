// The registered callback URLs.
import type { Application } from './applications.ts';

export type RedirectUris = {
  /**
   * Registers a URL for every application that signs users in, for tests and demos that listen on any free port.
   * Throws a `TypeError` unless it is an absolute http(s) URL without a fragment (RFC 6749 section 3.1.2).
   */
  register(uri: string): void;
  of(application: Application): readonly string[];
};

export function createRedirectUris(initial: readonly string[] = []): RedirectUris {
  const registered = new Set<string>();

  const register = (uri: string) => {
    const url = URL.canParse(uri) ? new URL(uri) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || uri.includes('#')) {
      throw new TypeError(
        `A redirect URI must be an absolute http or https URL without a fragment, not ${uri}`,
      );
    }
    registered.add(uri);
  };
  for (const uri of initial) register(uri);

  return {
    register,
    of({ redirectUris }) {
      return redirectUris.length === 0 ? [] : [...new Set([...redirectUris, ...registered])];
    },
  };
}
