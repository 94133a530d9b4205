/** Reading what browsers and clients send in order to sign in: forms and registrations, which are small. */
import { readRequestBody } from '@modelcontextprotocol/server';
import { HTTPException } from 'hono/http-exception';

/** In bytes. */
const largestBody = 64 * 1024;

/** The body of a request as text. @throws {HTTPException} 413 when it is larger than 64 KiB */
export async function readSmallBody(request: Request): Promise<string> {
  const body = await readRequestBody(request, largestBody);
  if (body.tooLarge) throw new HTTPException(413, { message: 'The request body is larger than 64 KiB' });
  return body.text;
}
