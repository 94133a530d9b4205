/** The addresses of a server over HTTP: that of its clients, and those that browsers come back to. */
import type { ClientAuthMode } from '../../config/variables.ts';
import type { Exposure } from '../http/exposure.ts';
import { callbackPath } from '../pages/callback.ts';
import { confirmationPath } from '../pages/confirmation.ts';
import { identityCallbackPath } from '../pages/identity-check.ts';

/** Names that always mean this machine, as `localhost` does. */
const localhostNames = ['localhost', '127.0.0.1', '::1'];

export type Addresses = {
  /** Origin of the server, as clients and browsers see it. */
  publicUrl: string;
  /** Origin of the server, as the browsers of its users see it. */
  browserOrigin: string;
  /** Where Autodesk sends browsers back to; it must be registered with the APS application. */
  callbackUrl: string;
  /** The page that confirms a sign-in. */
  confirmationUrl: string;
  /** Where the OpenID provider sends browsers back to. */
  identityCallbackUrl: string;
};

/**
 * Without a public address, a server is reached as localhost: that is what is registered with the APS application. The page that
 * confirms a sign-in needs the same name, or the cookie would not reach both.
 */
export function addressesOf(
  { host, publicUrl }: Pick<Exposure, 'host' | 'publicUrl'>,
  clientAuth: ClientAuthMode,
  port: number,
): Addresses {
  const own = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const browserOrigin =
    clientAuth !== 'autodesk' && publicUrl === undefined && localhostNames.includes(host)
      ? `http://localhost:${port}`
      : (publicUrl ?? own);
  return {
    publicUrl: publicUrl ?? own,
    browserOrigin,
    callbackUrl: `${browserOrigin}${callbackPath}`,
    confirmationUrl: `${browserOrigin}${confirmationPath}`,
    identityCallbackUrl: `${browserOrigin}${identityCallbackPath}`,
  };
}
