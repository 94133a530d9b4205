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

export type NameCheck = {
  /** The 403 for a `Host` that is not allowed. MCP, Transports, "Security Warning". */
  hostRefusal?: Response;
  /** The 403 for a web page whose `Origin` is not allowed. */
  originRefusal?: Response;
};

/** Checks the names that a request carries. */
export function checkNames(request: Request, allowed: AllowedNames): NameCheck {
  const origin = request.headers.get('origin');
  const isAllowed =
    origin === null ||
    allowed.origins.includes(origin) ||
    validateOriginHeader(origin, localhostAllowedOrigins()).ok;
  return {
    hostRefusal: hostHeaderValidationResponse(request, [...localhostAllowedHostnames(), ...allowed.hosts]),
    originRefusal: isAllowed ? undefined : originValidationResponse(request, localhostAllowedOrigins()),
  };
}
