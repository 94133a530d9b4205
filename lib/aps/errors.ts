/** The one error class for failures of APS, and how APS's answers turn into it. */
import { z } from 'zod';

/**
 * A failure of APS, worded for the person who sees it: what happened, and what to do about it.
 * Never carries a secret, a token, or the body of an answer.
 */
export class ApsError extends Error {
  override readonly name = 'ApsError';
  /** HTTP status; absent when no answer came. */
  readonly status?: number;
  /** APS's own code (`AUTH-010`), or OAuth's (`invalid_client`). */
  readonly code?: string;
  /** APS's id of the request, which Autodesk's support asks for. */
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
 * The shapes of APS's error bodies: the gateway's and the APIs' own, OAuth's (RFC 6749, section 5.2), OSS's `reason`,
 * JSON:API's list, Data Management's warnings, and the rate limiter's `fault`.
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

/** The code and message in an error body of APS, whatever its shape. */
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

/** Shortens text from outside to one line of an error message. */
export function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return flat.length > 200 ? `${flat.slice(0, 200)}…` : flat;
}

/** The wait that `Retry-After` asks for, in milliseconds (RFC 9110, section 10.2.3: seconds, or a date). */
export function retryAfter(response: Response, now = Date.now()): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** APS's id of the request behind a response. */
export function requestIdOf(response: Response): string | undefined {
  return response.headers.get('x-request-id') ?? response.headers.get('x-ads-request-id') ?? undefined;
}

/** The error for a failed answer from `url`. Reads the body. */
export async function errorFromResponse(response: Response, url: URL): Promise<ApsError> {
  const { code, message } = readErrorBody(await response.text().catch(() => ''));
  const said = message ? `: ${message}` : '';
  const details = { status: response.status, code, requestId: requestIdOf(response) };
  const wait = retryAfter(response);
  const tryAgain = wait === undefined ? undefined : `Try again in ${Math.ceil(wait / 1000)} seconds.`;
  switch (response.status) {
    case 400:
      return new ApsError(`APS rejected the request as invalid${said}`, {
        ...details,
        advice: 'Check the arguments.',
      });
    case 401:
      return new ApsError(`APS rejected the access token${said}`, {
        ...details,
        advice:
          'A fresh token was rejected too. Check at https://aps.autodesk.com/myapps that the application is active and has access to this API.',
      });
    case 403:
      return new ApsError(`APS denied access${said}`, { ...details, advice: adviceForForbidden(code, url) });
    case 404:
      return new ApsError(`APS found no such resource${said}`, {
        ...details,
        advice: 'Check the identifiers: copy them exactly, from data that this sign-in has access to.',
      });
    case 429:
      return new ApsError(`The rate limit of APS is reached${said}`, {
        ...details,
        advice: tryAgain ?? 'Wait a minute and try again.',
      });
    default:
      return response.status >= 500
        ? new ApsError(`APS has an internal problem${said}`, {
            ...details,
            advice: `${tryAgain ?? 'Retries failed too. Try again later.'} https://health.autodesk.com shows known incidents.`,
          })
        : new ApsError(`APS gave an unexpected answer${said}`, {
            ...details,
            advice: 'Check APS_BASE_URL. If it is correct, report this as a bug.',
          });
  }
}

/** How an application gets access to hubs and projects of Autodesk Construction Cloud. */
export const approvalAdvice =
  'For Construction Cloud, an account admin must add the Client ID of this application under Account Admin, ' +
  'Settings, Custom Integrations, and the user or service account must be a member of the account.';

function adviceForForbidden(code: string | undefined, url: URL): string {
  switch (code) {
    case 'AUTH-001':
      return 'Add this API to the application at https://aps.autodesk.com/myapps.';
    case 'AUTH-010':
      return 'The token lacks a scope that this request needs. Add it to the scopes that the server asks for.';
    case 'limit_exceeded':
      return 'Delete one that you no longer need, and try again.';
    default:
      return /^\/(project|data)\//.test(url.pathname)
        ? approvalAdvice
        : 'The data belongs to somebody else, or this sign-in has no access to it.';
  }
}
