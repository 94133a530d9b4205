/** A client of the APS web APIs: authorized requests with retries and a deadline, and answers checked against schemas. */
import { setMaxListeners } from 'node:events';
import type { z } from 'zod';
import type { Caller } from '../caller.ts';
import type { TokenSource } from '../token-source.ts';
import { ApsError, errorFromResponse, printable, requestIdOf } from './errors.ts';
import { type ApsHttp, apsHttp, type RetryPolicy } from './http.ts';

/**
 * The APS requests of one tool call, made on behalf of one caller.
 *
 * @example
 * import type { ApsSession } from 'aps-mcp';
 * import { z } from 'zod';
 *
 * const hubs = z.object({ data: z.array(z.object({ id: z.string() })) });
 *
 * export async function hubIds(session: ApsSession): Promise<string[]> {
 *   const { data } = await session.get(session.url(['project', 'v1', 'hubs']), hubs);
 *   return data.map(({ id }) => id);
 * }
 */
export type ApsSession = {
  /**
   * The URL of an API resource. Each segment is encoded, so an identifier cannot change the path around it:
   * `session.url(['project', 'v1', 'hubs', hubId, 'projects'], { 'page[limit]': 200 })`.
   *
   * @throws {ApsError} for a segment that is empty, `.`, `..`, or broken Unicode
   */
  url(segments: readonly string[], query?: Record<string, string | number | undefined>): URL;
  /**
   * The URL of the next page, from a link in an answer of APS.
   *
   * @throws {ApsError} when the link leads to another origin: the access token is not sent there
   */
  next(link: string): URL;
  /**
   * Fetches `url` and checks the answer against `schema`. Unknown fields are ignored; the error names missing ones. Control
   * characters in texts become U+FFFD, except line breaks and tabs.
   *
   * @param signal - aborts this request only
   * @throws {ApsError}
   */
  get<T>(url: URL, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T>;
  /**
   * Posts JSON and checks the answer. Never retried: a request without an answer may still have taken effect.
   *
   * @throws {ApsError}
   */
  post<T>(url: URL, body: unknown, schema: z.ZodType<T>): Promise<T>;
  /**
   * Deletes the resource at `url`.
   *
   * @throws {ApsError}
   */
  delete(url: URL): Promise<void>;
  /**
   * Runs a part of the call that must not use up all of the time: its requests are aborted after `share` of the time that is
   * left, a number from 0 to 1.
   *
   * @throws {ApsError} when that time has passed
   * @throws whatever `work` throws
   */
  within<T>(share: number, work: (session: ApsSession) => Promise<T>): Promise<T>;
};

/** The deadline of requests: the signal that aborts them, and when it does, by the clock of `performance.now()`. */
type Term = { signal: AbortSignal; until: number };

/** A request without its URL and its authorization. */
type Message = { method: 'get' | 'post' | 'delete'; json?: unknown };

/**
 * Makes requests to the APS web APIs, for tools. {@link createApsClient} makes one.
 *
 * @example
 * import type { ApsClient, Caller } from 'aps-mcp';
 * import { z } from 'zod';
 *
 * const bucket = z.object({ bucketKey: z.string(), policyKey: z.string() });
 *
 * export const bucketOf = (aps: ApsClient, caller: Caller, key: string) =>
 *   aps.call(caller, AbortSignal.timeout(10_000), (session) =>
 *     session.get(session.url(['oss', 'v2', 'buckets', key, 'details']), bucket),
 *   );
 */
export type ApsClient = {
  /** Whether callers may have to sign in first: {@link TokenSource.requiresSignIn}. */
  readonly requiresSignIn: boolean;
  /**
   * Runs the APS requests of one tool call. They share the caller's token and one deadline, and stop when `signal`
   * aborts.
   *
   * @throws {ApsError} when the deadline passes
   * @throws whatever `work` throws
   */
  call<T>(caller: Caller, signal: AbortSignal, work: (session: ApsSession) => Promise<T>): Promise<T>;
};

/**
 * Makes a client of APS.
 *
 * @param options.baseUrl - origin of APS, e.g. `https://developer.api.autodesk.com`
 * @param options.tokens - where access tokens come from
 * @param options.deadline - the most that all APS requests of one tool call may take, in milliseconds. Default 45,000:
 *   MCP clients give up after 60 seconds, and should hear why.
 * @param options.retryPolicy - how often and when requests are retried
 *
 * @example
 * import { createApsClient, type TokenSource } from 'aps-mcp';
 *
 * export const apsWith = (baseUrl: string, tokens: TokenSource) => createApsClient({ baseUrl, tokens });
 */
export function createApsClient(options: {
  baseUrl: string;
  tokens: TokenSource;
  deadline?: number;
  retryPolicy?: RetryPolicy;
}): ApsClient {
  const { baseUrl, tokens, deadline = 45_000 } = options;
  let http: ApsHttp | undefined;

  /** Sends a request with a token, and once more with a fresh one if APS rejects the first. */
  async function exchange(url: URL, message: Message, caller: Caller, term: Term): Promise<Response> {
    const token = await unlessAborted(() => tokens.get(caller), term.signal);
    const answer = await send(url, message, token, term);
    if (answer.status !== 401) return successful(answer, url);
    tokens.drop(caller, token);
    const fresh = await unlessAborted(() => tokens.get(caller), term.signal);
    return successful(await send(url, message, fresh, term), url);
  }

  /** The final answer to a request after all retries, whatever its status. */
  async function send(url: URL, message: Message, token: string, term: Term): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    http ??= apsHttp(options.retryPolicy);
    return http(url, { ...message, ...term, headers });
  }

  function sessionOf(caller: Caller, term: Term): ApsSession {
    return {
      url: (segments, query) => resourceUrl(baseUrl, segments, query),
      next: (link) => nextUrl(baseUrl, link),
      async get(url, schema, own) {
        const signal = own ? AbortSignal.any([term.signal, own]) : term.signal;
        return parse(await exchange(url, { method: 'get' }, caller, { ...term, signal }), schema);
      },
      post: async (url, json, schema) =>
        parse(await exchange(url, { method: 'post', json }, caller, term), schema),
      async delete(url) {
        await exchange(url, { method: 'delete' }, caller, term);
      },
      within: (share, work) =>
        limited(term.signal, (term.until - performance.now()) * share, (part) =>
          work(sessionOf(caller, part)),
        ),
    };
  }

  return {
    requiresSignIn: tokens.requiresSignIn ?? false,
    call: (caller, signal, work) => limited(signal, deadline, (term) => work(sessionOf(caller, term))),
  };
}

/**
 * Runs `work` for at most so many milliseconds. If it fails, its other requests are aborted.
 *
 * @throws {ApsError} when the time has passed: APS's last answer, if there was one
 * @throws the reason of `outer` when that aborts
 */
async function limited<T>(
  outer: AbortSignal,
  milliseconds: number,
  work: (term: Term) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  // Many requests of one call listen to it at the same time.
  setMaxListeners(0, stop.signal);
  const timer = setTimeout(() => stop.abort(tooLate(milliseconds)), milliseconds);
  const cancel = () => stop.abort(outer.reason);
  outer.addEventListener('abort', cancel, { once: true });
  if (outer.aborted) cancel();
  try {
    return await work({ signal: stop.signal, until: performance.now() + milliseconds });
  } catch (error) {
    if (outer.aborted) throw outer.reason;
    if (stop.signal.aborted && !(error instanceof ApsError)) throw stop.signal.reason;
    // Stop the other requests.
    stop.abort();
    throw error;
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', cancel);
  }
}

async function successful(response: Response, url: URL): Promise<Response> {
  if (response.ok) return response;
  throw await errorFromResponse(response, url);
}

function tooLate(milliseconds: number): ApsError {
  return new ApsError(`APS did not answer within ${Math.round(milliseconds / 100) / 10} seconds`, {
    advice: 'Ask for less at once (a smaller limit), or try again later.',
  });
}

/** The result of `work`, unless `signal` aborts first. The work itself continues: others may share it. */
function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

function resourceUrl(
  baseUrl: string,
  segments: readonly string[],
  query: Record<string, string | number | undefined> = {},
): URL {
  const path = segments.map((segment) => {
    // encodeURIComponent leaves dots alone, and URLs resolve "." and "..".
    if (segment === '' || segment === '.' || segment === '..' || /\p{Surrogate}/u.test(segment))
      throw new ApsError(`"${segment}" is not a valid identifier`, {
        advice: 'Copy it from the result of a listing tool.',
      });
    return encodeURIComponent(segment);
  });
  const url = new URL(`${baseUrl}/${path.join('/')}`);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

function nextUrl(baseUrl: string, link: string): URL {
  const url = URL.canParse(link, baseUrl) ? new URL(link, baseUrl) : undefined;
  if (url?.origin !== new URL(baseUrl).origin)
    throw new ApsError('APS linked to a next page at another address, which was not followed', {
      advice: 'If you reach APS through a proxy, set APS_BASE_URL to the origin in its links.',
    });
  return url;
}

/** Checks a successful answer. The error names the fields that do not match, never their values. */
async function parse<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const json = jsonIn(await response.text());
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole answer'))];
  throw new ApsError(
    `APS's answer is not as documented: ${fields.slice(0, 5).join(', ')} ${fields.length > 1 ? 'do' : 'does'} not match`,
    {
      status: response.status,
      requestId: requestIdOf(response),
      advice: 'Check APS_BASE_URL. If it is correct, APS has changed and this server needs an update.',
    },
  );
}

/** What control characters look like in JSON: escaped, or as they are. */
const controlCharacter = /\\[bfu]|[^\P{Cc}\t\n\r]/u;

/** The JSON in the body of an answer, with printable texts; undefined if it is none. */
function jsonIn(body: string): unknown {
  try {
    if (!controlCharacter.test(body)) return JSON.parse(body);
    return JSON.parse(body, (_key, value) => (typeof value === 'string' ? printable(value) : value));
  } catch {
    return undefined;
  }
}
