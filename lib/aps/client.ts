/** The door to the APS web APIs: authorised requests with retries and a deadline, their answers checked. */
import { setMaxListeners } from 'node:events';
import { HTTPError } from 'ky';
import type { z } from 'zod';
import type { Caller, TokenSource } from '../auth/token-source.ts';
import { ApsError, errorFromResponse, requestIdOf } from './errors.ts';
import { apsHttp, type Patience, unreachable } from './http.ts';

/** What one tool call may do with APS, in the name of one caller. */
export type ApsSession = {
  /**
   * The address of an API resource. Segments are encoded one by one, so that no identifier can reach
   * beyond its place in the path.
   *
   * @throws {ApsError} for a segment that cannot be one: empty, `.`, `..`, or broken Unicode
   */
  url(segments: readonly string[], query?: Record<string, string | number | undefined>): URL;
  /**
   * The address of the next page, from the link that APS put into an answer.
   *
   * @throws {ApsError} when the link leads to another origin: the access token does not go there
   */
  next(link: string): URL;
  /**
   * Fetches `url` and checks the answer against `schema`: unknown fields are ignored, missing ones named.
   *
   * @throws {ApsError}
   */
  get<T>(url: URL, schema: z.ZodType<T>): Promise<T>;
  /**
   * Posts JSON and checks the answer. Not sent again when no answer came: it may have been carried out.
   *
   * @throws {ApsError}
   */
  post<T>(url: URL, body: unknown, schema: z.ZodType<T>): Promise<T>;
  /**
   * Deletes what is at `url`.
   *
   * @throws {ApsError}
   */
  delete(url: URL): Promise<void>;
};

/** A request besides its address and its authorization. */
type Message = { method: 'get' | 'post' | 'delete'; json?: unknown };

export type ApsClient = {
  /**
   * Runs the APS calls of one tool call. They share the caller's token and one deadline, and stop at once
   * when `signal` aborts.
   *
   * @throws {ApsError} what `work` throws, or that the deadline passed
   */
  call<T>(caller: Caller, signal: AbortSignal, work: (session: ApsSession) => Promise<T>): Promise<T>;
};

/**
 * Makes a client of APS.
 *
 * @param options.baseUrl - origin of APS, e.g. `https://developer.api.autodesk.com`
 * @param options.tokens - where access tokens come from
 * @param options.deadline - longest time for all APS calls of one tool call, in milliseconds. The default of
 *   45,000 leaves MCP clients, which give up after 60 seconds, time to hear why.
 */
export function createApsClient(options: {
  baseUrl: string;
  tokens: TokenSource;
  deadline?: number;
  patience?: Patience;
}): ApsClient {
  const { baseUrl, tokens, deadline = 45_000 } = options;
  const http = apsHttp(options.patience);

  /** Sends a request with a token, and once more with a fresh one if APS does not take the first. */
  async function exchange(
    url: URL,
    message: Message,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<Response> {
    const token = await unlessAborted(tokens.get(caller), signal);
    const answer = await send(url, message, token, signal);
    if (answer.status !== 401) return successful(answer, url);
    tokens.drop(caller, token);
    const fresh = await unlessAborted(tokens.get(caller), signal);
    return successful(await send(url, message, fresh, signal), url);
  }

  /** The final answer to a request, after what retries there were, whatever it says. */
  async function send(url: URL, message: Message, token: string, signal: AbortSignal): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    try {
      return await http(url, { ...message, signal, headers });
    } catch (error) {
      if (error instanceof HTTPError) return error.response;
      throw signal.aborted ? error : unreachable(url, error);
    }
  }

  return {
    async call(caller, signal, work) {
      const stop = new AbortController();
      // Each request of the call listens to it, and there may be many side by side.
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
        // What was asked side by side with the request that failed is of no use any more.
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

/** The result of `promise`, unless `signal` aborts first. What the promise stands for goes on: others may share it. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function resourceUrl(
  baseUrl: string,
  segments: readonly string[],
  query: Record<string, string | number | undefined> = {},
): URL {
  const path = segments.map((segment) => {
    // encodeURIComponent leaves dots alone, and a URL would resolve "." and ".." away.
    if (segment === '' || segment === '.' || segment === '..' || /\p{Surrogate}/u.test(segment))
      throw new ApsError(`"${segment}" cannot be an identifier`, {
        advice: 'Copy it from what a listing returned.',
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
    throw new ApsError('APS named a next page at another address, and it was not followed', {
      advice: 'If APS is reached through a proxy, set APS_BASE_URL to the address that its links have.',
    });
  return url;
}

/** Checks a successful answer. The error names the fields that do not fit, never what they contain. */
async function parse<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const json: unknown = await response.json().catch(() => undefined);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole'))];
  throw new ApsError(
    `APS's answer is not as documented: ${fields.slice(0, 5).join(', ')} ${fields.length > 1 ? 'do' : 'does'} not fit`,
    {
      status: response.status,
      requestId: requestIdOf(response),
      advice: 'Check APS_BASE_URL; if it is right, APS has changed, and this server needs an update.',
    },
  );
}
