/** The one error class for failures of APS, and how APS's answers turn into it. */

import { z } from 'zod';
import { developerHub } from '../developer-hub.ts';

/**
 * A failure of APS, worded for the person who sees it: what happened, and what to do about it.
 * Never carries a secret, a token, or the body of an answer.
 *
 * @example
 * import { ApsError } from 'aps-mcp';
 *
 * // Undefined if APS says that it does not exist.
 * export async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
 *   try {
 *     return await answer;
 *   } catch (error) {
 *     if (error instanceof ApsError && error.status === 404) return undefined;
 *     throw error;
 *   }
 * }
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

  /**
   * @param what - what happened, without a period at the end
   * @param details - `advice` is a sentence; `cause` is kept, and not shown
   */
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

/** Text, or undefined: if one field of an error body has another type, its other fields still count. */
const text = z.string().optional().catch(undefined);

/** The first entry of a list that is an object. */
function first<T>(entry: z.ZodType<T>) {
  return z
    .array(entry.optional().catch(undefined))
    .transform((entries) => entries.find((one) => one !== undefined))
    .optional()
    .catch(undefined);
}

/**
 * The shapes of APS's error bodies: the gateway's and the APIs' own, OAuth's (RFC 6749, section 5.2), OSS's `reason`,
 * JSON:API's list, Data Management's warnings, and the rate limiter's `fault`.
 */
const errorBody = z.object({
  errorCode: text,
  developerMessage: text,
  error: text,
  error_description: text,
  reason: text,
  errors: first(z.object({ code: text, title: text, detail: text })),
  meta: z
    .object({ warnings: first(z.object({ ErrorCode: text, Detail: text })) })
    .optional()
    .catch(undefined),
  fault: z.object({ faultstring: text }).optional().catch(undefined),
});

/** What an answer says about a failure. */
export type Said = { code?: string; message?: string };

/** The code and message in an error body of APS, whatever its shape. */
export function saidIn(json: unknown): Said {
  const body = errorBody.safeParse(json).data;
  if (!body) return {};
  const { errorCode, developerMessage, error, error_description, reason, errors, meta, fault } = body;
  const message =
    developerMessage ??
    error_description ??
    reason ??
    errors?.detail ??
    errors?.title ??
    meta?.warnings?.Detail ??
    fault?.faultstring;
  const code = errorCode ?? error ?? errors?.code ?? meta?.warnings?.ErrorCode;
  return { code: code && oneLine(code), message: message && oneLine(message) };
}

/** The code and message in a failed answer. Reads the body. */
export async function saidBy(response: Response): Promise<Said> {
  return saidIn(await response.json().catch(() => undefined));
}

/** Text of APS without control characters, with which it could steer a terminal. Line breaks and tabs stay. */
export function printable(foreign: string): string {
  return foreign.replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd');
}

/** Shortens text from outside to one line of an error message, without credentials that it may echo. */
export function oneLine(foreign: string): string {
  const flat = printable(withoutCredentials(foreign)).replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return flat.length > 200 ? `${flat.slice(0, 200)}…` : flat;
}

/** Removes what follows `Basic` or `Bearer`, unless it is a word: "Bearer token expired" stays. */
function withoutCredentials(foreign: string): string {
  return foreign.replace(/\b(Basic|Bearer)[\s:]+([\w.~+/-]+=*)/gi, (all, scheme, rest) =>
    /^[A-Z]?[a-z]+\.?$/.test(rest) ? all : `${scheme} …`,
  );
}

/**
 * The wait that `Retry-After` asks for, in milliseconds (RFC 9110, section 10.2.3: seconds, or a date). A date counts from
 * that of the answer: APS's clock can differ from that of this machine.
 */
export function retryAfter({ headers }: Response): number | undefined {
  const header = headers.get('retry-after') ?? '';
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  // A date begins with the name of a day. Date.parse would make one of "-5", too.
  if (!/^[a-z]/i.test(header)) return undefined;
  const sent = Date.parse(headers.get('date') ?? '');
  const wait = Date.parse(header) - (Number.isNaN(sent) ? Date.now() : sent);
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** When to try again, as far as an answer says so. */
export function tryAgain(response: Response): string | undefined {
  const wait = retryAfter(response);
  return wait ? `Try again in ${Math.ceil(wait / 1000)} seconds.` : undefined;
}

/** APS's id of the request behind a response. */
export function requestIdOf({ headers }: Response): string | undefined {
  const id = headers.get('x-request-id') ?? headers.get('x-ads-request-id');
  return id === null ? undefined : oneLine(id);
}

/** The error for a failed answer from `url`. Reads the body. */
export async function errorFromResponse(response: Response, url: URL): Promise<ApsError> {
  const { code, message } = await saidBy(response);
  const said = message ? `: ${message}` : '';
  const details = { status: response.status, code, requestId: requestIdOf(response) };
  switch (response.status) {
    case 400:
      return new ApsError(`APS rejected the request as invalid${said}`, {
        ...details,
        advice: 'Check the arguments.',
      });
    case 401:
      return new ApsError(`APS rejected the access token${said}`, {
        ...details,
        advice: `A fresh token was rejected too. Check in ${developerHub} that the application has access to this API.`,
      });
    case 403:
      return new ApsError(`APS denied access${said}`, { ...details, advice: adviceForForbidden(code, url) });
    case 404:
      return new ApsError(`APS found no such resource${said}`, {
        ...details,
        advice: 'Check the identifiers: copy them exactly, from data that this sign-in has access to.',
      });
    case 429:
      return new ApsError(`The rate limit of APS was exceeded${said}`, {
        ...details,
        advice: tryAgain(response) ?? 'Wait a minute and try again.',
      });
    default:
      return response.status >= 500
        ? new ApsError(`APS has an internal problem${said}`, {
            ...details,
            advice: `${tryAgain(response) ?? 'Retries failed too. Try again later.'} https://health.autodesk.com shows known incidents.`,
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

/** What to do about APS's own error codes, those of its gateway. */
export const adviceByGatewayCode: Readonly<Record<string, string>> = {
  'AUTH-001': `Add this API to the application, under API Access in ${developerHub}.`,
  'AUTH-010':
    'The token lacks a scope that this request needs. Add it to the scopes that the server asks for.',
  limit_exceeded: 'Delete one that you no longer need, and try again.',
};

function adviceForForbidden(code: string | undefined, url: URL): string {
  const known = code === undefined ? undefined : adviceByGatewayCode[code];
  if (known !== undefined) return known;
  return /^\/(project|data)\//.test(url.pathname)
    ? approvalAdvice
    : 'The data belongs to somebody else, or this sign-in has no access to it.';
}

/** Why a list of APS is incomplete, in words for the model and the person. */
export const incomplete = {
  nowhere:
    'This list is incomplete: APS says that there is more, but its link to the next page leads nowhere.',
  empty: (pages: number) => `This list ends early: APS sent ${pages} empty pages in a row.`,
};
