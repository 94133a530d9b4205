/** `npm run sandbox -- --invite`: asks a running sandbox to invite a service account to its hubs. */
import { z } from 'zod';

const invitation = z.object({ email: z.string(), hubs: z.array(z.string()) });
const refusal = z.object({ problem: z.string() });

/**
 * Returns what to print. Throws an `Error` that says what to do if no sandbox answers at that address, or if it has no such
 * account. `account` is an id or an email address.
 */
export async function invite(
  account: string,
  { host, port }: { host: string; port: number },
): Promise<string> {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const body = JSON.stringify({ account });
  const answer = await fetch(`${url}/_sandbox/invite`, { method: 'POST', body }).catch(() => undefined);
  const said: unknown = await answer?.json().catch(() => undefined);
  const invited = invitation.safeParse(said);
  if (answer?.ok && invited.success)
    return `Invited ${invited.data.email} to ${invited.data.hubs.join(', ')}, the hubs of the sandbox at ${url}.`;
  const refused = refusal.safeParse(said);
  throw new Error(
    refused.success
      ? `${refused.data.problem}.`
      : `No sandbox is running at ${url}. Start one with npm run sandbox, or give its port with --port.`,
  );
}
