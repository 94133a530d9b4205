/** Whether a request comes from a person who wants to read a page, or from a program (RFC 9110, section 12.5.1). */
import { parseAccept } from 'hono/utils/accept';

/** What MCP clients ask for, at the same address. */
const ofClients = ['application/json', 'text/event-stream'];

/** Whether `Accept` prefers HTML to everything that MCP clients ask for. Without a preference it does not. */
export function prefersHtml({ headers }: Request): boolean {
  const accepted = parseAccept(headers.get('accept') ?? '');
  const quality = (type: string) => {
    const ranges = [type, type.replace(/\/.*/, '/*'), '*/*'];
    const matches = ranges.map((range) => accepted.find((it) => it.type.toLowerCase() === range));
    // The most specific range counts.
    return matches.find((match) => match !== undefined)?.q ?? 0;
  };
  return quality('text/html') > Math.max(...ofClients.map(quality));
}
