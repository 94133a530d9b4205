/** A client of the APS web APIs: authorized requests with retries and a deadline, and answers checked against schemas. */
import { setMaxListeners } from 'node:events';
import { HTTPError, type KyInstance } from 'ky';
import type { z } from 'zod';
import type { Caller } from '../caller.ts';
import type { TokenSource } from '../token-source.ts';
import { ApsError, errorFromResponse, requestIdOf } from './errors.ts';
import { apsHttp, type RetryPolicy, unreachable } from './http.ts';

/** The APS requests of one tool call, made on behalf of one caller. */
export type ApsSession = {
  /**
   * The URL of an API resource. Each segment is encoded, so an identifier cannot change the path around it.
   *
   * @throws {ApsError} for a segment that is empty, `.`, `..`, or broken Unicode
   *
   * @example
   * session.url(['project', 'v1', 'hubs', hubId, 'projects'], { 'page[limit]': 200 });
   */
  url(segments: readonly string[], query?: Record<string, string | number | undefined>): URL;
  /**
   * The URL of the next page, from a link in an answer of APS.
   *
   * @throws {ApsError} when the link leads to another origin: the access token is not sent there
   */
  next(link: string): URL;
  /**
   * Fetches `url` and checks the answer against `schema`. Unknown fields are ignored; the error names missing ones.
   *
   * @throws {ApsError}
   */
  get<T>(url: URL, schema: z.ZodType<T>): Promise<T>;
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
};

/** A request without its URL and its authorization. */
type Message = { method: 'get' | 'post' | 'delete'; json?: unknown };

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
 * const aps = createApsClient({ baseUrl: settings.APS_BASE_URL, tokens: clientCredentials({ ... }) });
 */
export function createApsClient(options: {
  baseUrl: string;
  tokens: TokenSource;
  deadline?: number;
  retryPolicy?: RetryPolicy;
}): ApsClient {
  const { baseUrl, tokens, deadline = 45_000 } = options;
  let http: KyInstance | undefined;

  /** Sends a request with a token, and once more with a fresh one if APS rejects the first. */
  async function exchange(
    url: URL,
    message: Message,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<Response> {
    const token = await unlessAborted(() => tokens.get(caller), signal);
    const answer = await send(url, message, token, signal);
    if (answer.status !== 401) return successful(answer, url);
    tokens.drop(caller, token);
    const fresh = await unlessAborted(() => tokens.get(caller), signal);
    return successful(await send(url, message, fresh, signal), url);
  }

  /** The final answer to a request after all retries, whatever its status. */
  async function send(url: URL, message: Message, token: string, signal: AbortSignal): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    try {
      http ??= apsHttp(options.retryPolicy);
      return await http(url, { ...message, signal, headers });
    } catch (error) {
      if (error instanceof HTTPError) return error.response;
      throw signal.aborted ? error : unreachable(url, error);
    }
  }

  return {
    requiresSignIn: tokens.requiresSignIn ?? false,

    async call(caller, signal, work) {
      const stop = new AbortController();
      // Many requests of one call listen to it at the same time.
      setMaxListeners(0, stop.signal);
      const timer = setTimeout(() => stop.abort(tooLate(deadline)), deadline);
      const cancel = () => stop.abort(signal.reason);
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
      try {
        return await work({
          url: (segments, query) => resourceUrl(baseUrl, segments, query),
          next: (link) => nextUrl(baseUrl, link),
          get: async (url, schema) =>
            parse(await exchange(url, { method: 'get' }, caller, stop.signal), schema),
          post: async (url, json, schema) =>
            parse(await exchange(url, { method: 'post', json }, caller, stop.signal), schema),
          async delete(url) {
            await exchange(url, { method: 'delete' }, caller, stop.signal);
          },
        });
      } catch (error) {
        if (stop.signal.aborted) throw stop.signal.reason;
        // Stop the other requests of this call.
        stop.abort();
        throw error;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', cancel);
      }
    },
  };
}

async function successful(response: Response, url: URL): Promise<Response> {
  if (response.ok) return response;
  throw await errorFromResponse(response, url);
}

function tooLate(deadline: number): ApsError {
  return new ApsError(`APS did not answer within ${deadline / 1000} seconds`, {
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
      advice: 'If you reach APS through a proxy, set APS_BASE_URL to the origin that its links have.',
    });
  return url;
}

/** Checks a successful answer. The error names the fields that do not match, never their values. */
async function parse<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const json: unknown = await response.json().catch(() => undefined);
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
