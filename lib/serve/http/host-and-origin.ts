/** `Host` and `Origin` checks, against DNS rebinding and against web pages of strangers. */
import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
  validateOriginHeader,
} from '@modelcontextprotocol/server';
import { jsonRpcRefusal } from '../client-sign-in/bearer.ts';

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
  const isKnown = !hostHeaderValidationResponse(request, [...localhostAllowedHostnames(), ...allowed.hosts]);
  return {
    hostRefusal: isKnown ? undefined : unknownHost(request.headers.get('host') ?? ''),
    originRefusal: isAllowed ? undefined : originValidationResponse(request, localhostAllowedOrigins()),
  };
}

/** What SDKs answer to an unknown host, and what to do about it. */
function unknownHost(host: string): Response {
  const advice =
    'This server answers only to the names of its own machine. To allow another name, list it in MCP_ALLOWED_HOSTS, ' +
    'or set MCP_PUBLIC_URL to the address that clients use.';
  return jsonRpcRefusal(403, `Invalid Host: ${host}. ${advice}`, {});
}
