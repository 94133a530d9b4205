/** Who may reach the server over HTTP by name: `Host` and `Origin` checks against DNS rebinding and foreign pages. */
import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
  validateOriginHeader,
} from '@modelcontextprotocol/server';

/** Names beyond this machine's own that are let in. */
export type AllowedNames = {
  /** Host names without port, as `Host` headers carry them. */
  hosts: readonly string[];
  /** Origins of web pages, e.g. `https://app.example.com`. */
  origins: readonly string[];
};

/** Whether pages of an origin may call the server: those of this machine, and those that are named. */
export function allowsOrigin(origin: string, allowed: AllowedNames): boolean {
  return allowed.origins.includes(origin) || validateOriginHeader(origin, localhostAllowedOrigins()).ok;
}

/** The refusal (403) of a request under a `Host` that is not allowed. MCP, Transports, "Security Warning". */
export function refusedHost(request: Request, allowed: AllowedNames): Response | undefined {
  return hostHeaderValidationResponse(request, [...localhostAllowedHostnames(), ...allowed.hosts]);
}

/** The refusal (403) of a request from a web page whose `Origin` is not allowed. */
export function refusedOrigin(request: Request, allowed: AllowedNames): Response | undefined {
  const origin = request.headers.get('origin');
  return origin === null || allowsOrigin(origin, allowed)
    ? undefined
    : originValidationResponse(request, localhostAllowedOrigins());
}
