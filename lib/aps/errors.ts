/** The one error class for whatever goes wrong with APS, and how APS's answers become it. */
import { z } from 'zod';

/**
 * A failure of APS, in words for the person at the other end: what happened, and what to do.
 * It never carries a secret, a token, or the body of an answer.
 */
export class ApsError extends Error {
  override readonly name = 'ApsError';
  /** HTTP status; absent when no answer came. */
  readonly status?: number;
  /** APS's own code (`AUTH-010`), or OAuth's (`invalid_client`). */
  readonly code?: string;
  /** APS's id of the request; its support asks for it. */
  readonly requestId?: string;
  /** What to do about it. */
  readonly advice: string;

  constructor(
    what: string,
    details: { status?: number; code?: string; requestId?: string; advice: string; cause?: unknown },
  ) {
    const reference = [
      details.status && `HTTP ${details.status}`,
      details.code,
      details.requestId && `request ${details.requestId}`,
    ].filter(Boolean);
    super(`${what}${reference.length > 0 ? ` (${reference.join(', ')})` : ''}. ${details.advice}`, {
      cause: details.cause,
    });
    this.status = details.status;
    this.code = details.code;
    this.requestId = details.requestId;
    this.advice = details.advice;
  }
}

/**
 * The shapes in which APS words an error: the gateway's and the APIs' own, OAuth's (RFC 6749, section 5.2),
 * OSS's `reason`, JSON:API's list, Data Management's warnings, and the rate limiter's `fault`.
 */
const errorBody = z.object({
  errorCode: z.string().optional(),
  developerMessage: z.string().optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
  reason: z.string().optional(),
  errors: z
    .array(
      z.object({
        code: z.string().optional(),
        title: z.string().optional(),
        detail: z.string().optional(),
      }),
    )
    .optional(),
  meta: z
    .object({ warnings: z.array(z.object({ ErrorCode: z.string(), Detail: z.string() }).partial()) })
    .partial()
    .optional(),
  fault: z.object({ faultstring: z.string().optional() }).optional(),
});

/** Reads code and message out of the body of an APS error answer, whatever its shape. */
function readErrorBody(text: string): { code?: string; message?: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return {};
  }
  const body = errorBody.safeParse(json);
  if (!body.success) return {};
  const { errorCode, developerMessage, error, error_description, reason, errors, meta, fault } = body.data;
  const message =
    developerMessage ??
    error_description ??
    reason ??
    errors?.[0]?.detail ??
    errors?.[0]?.title ??
    meta?.warnings?.[0]?.Detail ??
    fault?.faultstring;
  const code = errorCode ?? error ?? errors?.[0]?.code ?? meta?.warnings?.[0]?.ErrorCode;
  return { code, message: message && oneLine(message) };
}

/** Text from outside, made fit for one line of an error message. */
export function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return flat.length > 200 ? `${flat.slice(0, 200)}…` : flat;
}

/** How long `Retry-After` asks to wait, in milliseconds (RFC 9110, section 10.2.3: seconds, or a date). */
export function retryAfter(response: Response, now = Date.now()): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** APS's id of the request that a response answers. */
export function requestIdOf(response: Response): string | undefined {
  return response.headers.get('x-request-id') ?? response.headers.get('x-ads-request-id') ?? undefined;
}

/** Makes the error for an answer from `url` that reports a failure. Reads the body. */
export async function errorFromResponse(response: Response, url: URL): Promise<ApsError> {
  const { code, message } = readErrorBody(await response.text().catch(() => ''));
  const said = message ? `: ${message}` : '';
  const details = { status: response.status, code, requestId: requestIdOf(response) };
  const wait = retryAfter(response);
  const tryAgain = wait === undefined ? undefined : `Try again in ${Math.ceil(wait / 1000)} seconds.`;
  switch (response.status) {
    case 400:
      return new ApsError(`APS could not make sense of the request${said}`, {
        ...details,
        advice: 'Check the arguments.',
      });
    case 401:
      return new ApsError(`APS did not accept the access token${said}`, {
        ...details,
        advice:
          'A fresh token was refused too: check that the application is active and has access to this API at https://aps.autodesk.com/myapps.',
      });
    case 403:
      return new ApsError(`APS denied access${said}`, { ...details, advice: adviceForForbidden(code, url) });
    case 404:
      return new ApsError(`APS found nothing there${said}`, {
        ...details,
        advice:
          'Check the identifiers; they must be copied exactly, and belong to what this sign-in may see.',
      });
    case 429:
      return new ApsError(`APS limits how often it may be called, and this limit is reached${said}`, {
        ...details,
        advice: tryAgain ?? 'Wait a minute and try again.',
      });
    default:
      return response.status >= 500
        ? new ApsError(`APS has trouble of its own${said}`, {
            ...details,
            advice: `${tryAgain ?? 'It was asked several times. Try again later.'} https://health.autodesk.com shows known incidents.`,
          })
        : new ApsError(`APS answered in a way that was not expected${said}`, {
            ...details,
            advice: 'Check APS_BASE_URL, and report it if the problem stays.',
          });
  }
}

/** How an application gets to see the hubs and projects of Autodesk Construction Cloud. */
export const approvalAdvice =
  'For Construction Cloud, an account admin adds the Client ID of this application under Account Admin, ' +
  'Settings, Custom Integrations, and the user or service account must be a member there.';

function adviceForForbidden(code: string | undefined, url: URL): string {
  switch (code) {
    case 'AUTH-001':
      return 'Add this API to the application at https://aps.autodesk.com/myapps.';
    case 'AUTH-010':
      return 'The token lacks a scope that this call needs: add it to the scopes the server asks for.';
    case 'limit_exceeded':
      return 'Delete one that is no longer needed, and try again.';
    default:
      return /^\/(project|data)\//.test(url.pathname)
        ? approvalAdvice
        : 'The data belongs to somebody else, or this sign-in has not been given access to it.';
  }
}
