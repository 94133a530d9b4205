/** `Host` and `Origin` checks, against DNS rebinding and against web pages of strangers. */
import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
  validateOriginHeader,
} from '@modelcontextprotocol/server';

/** Names that are allowed besides those of this machine. */
export type AllowedNames = {
  /** Host names without port, as in `Host` headers. */
  hosts: readonly string[];
  /** Origins of web pages, e.g. `https://app.example.com`. */
  origins: readonly string[];
};

/** Whether pages of an origin can call the server: those on this machine, and those in the list. */
export function allowsOrigin(origin: string, allowed: AllowedNames): boolean {
  return allowed.origins.includes(origin) || validateOriginHeader(origin, localhostAllowedOrigins()).ok;
}

/** The 403 for a request whose `Host` is not allowed. MCP, Transports, "Security Warning". */
export function refuseHost(request: Request, allowed: AllowedNames): Response | undefined {
  return hostHeaderValidationResponse(request, [...localhostAllowedHostnames(), ...allowed.hosts]);
}

/** The 403 for a request from a web page whose `Origin` is not allowed. */
export function refuseOrigin(request: Request, allowed: AllowedNames): Response | undefined {
  const origin = request.headers.get('origin');
  return origin === null || allowsOrigin(origin, allowed)
    ? undefined
    : originValidationResponse(request, localhostAllowedOrigins());
}
