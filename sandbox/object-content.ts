// The bytes of an object, whole or in part.
import type { StoredObject } from './oss-data.ts';

const chunkSize = 64 * 1024;

/**
 * The answer to a download, with 206 or 416 for a range (RFC 9110 section 14). An object that the sandbox started with
 * has no bytes, but a size: it is sent as that many zeros.
 */
export function contentResponse(
  range: string | undefined,
  object: StoredObject,
  headers: Record<string, string>,
): Response {
  const { size } = object;
  const whole = { start: 0, end: size };
  const part = range === undefined ? whole : partOf(range, size);
  if (part === undefined) {
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${size}` } });
  }
  const { start, end } = part;
  const partial = range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${size}` };
  return new Response(bodyOf(object, start, end), {
    status: partial ? 206 : 200,
    headers: { ...headers, 'content-length': String(end - start), ...(partial || {}) },
  });
}

/** Undefined for a range that is not satisfiable. `end` is the byte after the last. */
function partOf(range: string, size: number): { start: number; end: number } | undefined {
  const [, first, last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  return first !== undefined && start < end ? { start, end } : undefined;
}

function bodyOf({ content }: StoredObject, start: number, end: number): Buffer<ArrayBuffer> | ReadableStream {
  if (content !== undefined) return content.subarray(start, end);
  let left = end - start;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      const length = Math.min(left, chunkSize);
      left -= length;
      controller.enqueue(new Uint8Array(length));
    },
  });
}
