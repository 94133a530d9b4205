// Signs a service account in with an assertion.
import { createPrivateKey } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import type { Sandbox } from '../support/sandbox.ts';
import { basic, demo, json, post } from './calls.ts';

export const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** The service account in the sandbox's `env`. */
export function demoAccount(sandbox: Sandbox) {
  const { APS_SSA_ID = '', APS_SSA_KEY_ID = '', APS_SSA_KEY_BASE64 = '' } = sandbox.env;
  return {
    id: APS_SSA_ID,
    kid: APS_SSA_KEY_ID,
    privateKey: Buffer.from(APS_SSA_KEY_BASE64, 'base64').toString(),
  };
}

/** A valid assertion, apart from the changes in `claims` and `header`. */
export async function assertion(
  sandbox: Sandbox,
  now: number,
  claims: JWTPayload = {},
  header: Record<string, unknown> = {},
  account = demoAccount(sandbox),
): Promise<string> {
  const right = {
    iss: demo.id,
    sub: account.id,
    aud: `${sandbox.url}/authentication/v2/token`,
    exp: Math.floor(now / 1000) + 300,
    jti: crypto.randomUUID(),
    scope: ['data:read'],
  };
  return new SignJWT({ ...right, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: account.kid, ...header })
    .sign(createPrivateKey(account.privateKey));
}

export function exchange(
  sandbox: Sandbox,
  signed: string,
  form: Record<string, string> = {},
  client = demo,
): Promise<Response> {
  return post(sandbox, 'token', { grant_type: jwtBearer, assertion: signed, ...form }, basic(client));
}

/** A token for the service account that the sandbox starts with. */
export async function serviceAccountToken(sandbox: Sandbox, now = Date.now(), scope = 'data:read') {
  const { access_token } = await json(
    await exchange(sandbox, await assertion(sandbox, now, { scope: scope.split(' ') })),
  );
  return String(access_token);
}
