// Uploads and downloads through signed URLs, with plain `fetch`.
import { z } from 'zod';
import type { Sandbox } from '../support/sandbox.ts';

const uploadSchema = z.object({
  uploadKey: z.string(),
  uploadExpiration: z.iso.datetime(),
  urls: z.array(z.string()),
});
const downloadSchema = z.looseObject({ url: z.string(), size: z.number(), status: z.literal('complete') });

export const everyScope =
  'bucket:create bucket:read bucket:delete data:read data:write data:create data:search';

/** Calls an operation. An object becomes a JSON body. */
export function call(
  sandbox: Sandbox,
  token: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(new URL(path, sandbox.url), {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

export const objectPath = (bucketKey: string, objectKey: string) =>
  `/oss/v2/buckets/${bucketKey}/objects/${encodeURIComponent(objectKey)}`;

/** The upload key and the URLs of an upload. */
export async function uploadUrls(sandbox: Sandbox, token: string, object: string, query = '') {
  const answer = await call(sandbox, token, 'GET', `${object}/signeds3upload${query}`);
  if (answer.status !== 200) throw new Error(`No URLs: ${answer.status} ${await answer.text()}`);
  return uploadSchema.parse(await answer.json());
}

export function put(url: string | undefined, bytes: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(url ?? '', { method: 'PUT', body: bytes });
}

export function complete(
  sandbox: Sandbox,
  token: string,
  object: string,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return call(sandbox, token, 'POST', `${object}/signeds3upload`, body, headers);
}

/** Uploads an object in one part, and returns the answer to its completion. */
export async function upload(
  sandbox: Sandbox,
  token: string,
  object: string,
  bytes: string,
): Promise<Response> {
  const { uploadKey, urls } = await uploadUrls(sandbox, token, object);
  await put(urls[0], bytes);
  return complete(sandbox, token, object, { uploadKey });
}

/** The answer to signeds3download. */
export async function downloadUrl(sandbox: Sandbox, token: string, object: string, query = '') {
  const answer = await call(sandbox, token, 'GET', `${object}/signeds3download${query}`);
  if (answer.status !== 200) throw new Error(`No URL: ${answer.status} ${await answer.text()}`);
  return downloadSchema.parse(await answer.json());
}
