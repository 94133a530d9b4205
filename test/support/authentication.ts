/** Calls of the Authentication API, as an application makes them. */
import { z } from 'zod';
import type { Sandbox } from './sandbox.ts';

/** Posts a form to an endpoint, by default as the demo application. */
export function postForm(
  sandbox: Pick<Sandbox, 'env' | 'url'>,
  endpoint: 'token' | 'introspect',
  form: Record<string, string>,
  { APS_CLIENT_ID, APS_CLIENT_SECRET }: Record<string, string> = sandbox.env,
): Promise<Response> {
  return fetch(`${sandbox.url}/authentication/v2/${endpoint}`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${APS_CLIENT_ID}:${APS_CLIENT_SECRET}`).toString('base64')}`,
    },
    body: new URLSearchParams(form),
  });
}

const tokenAnswer = z.object({ access_token: z.string() });

/** A token of an application itself, by default of the demo application. */
export async function applicationToken(
  sandbox: Pick<Sandbox, 'env' | 'url'>,
  scope: string,
  application?: Record<string, string>,
): Promise<string> {
  const answer = await postForm(sandbox, 'token', { grant_type: 'client_credentials', scope }, application);
  return tokenAnswer.parse(await answer.json()).access_token;
}
