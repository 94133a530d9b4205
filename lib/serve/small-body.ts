/** Reading what browsers and clients send to sign in: forms and registrations, which are small. */
import { readRequestBody } from '@modelcontextprotocol/server';
import { HTTPException } from 'hono/http-exception';

/** The largest that is read, in bytes. */
const largest = 64 * 1024;

/** The body of a request as text. @throws {HTTPException} 413 when it is larger than 64 KiB */
export async function smallBody(request: Request): Promise<string> {
  const body = await readRequestBody(request, largest);
  if (body.tooLarge) throw new HTTPException(413, { message: 'The request body is larger than 64 KiB' });
  return body.text;
}
