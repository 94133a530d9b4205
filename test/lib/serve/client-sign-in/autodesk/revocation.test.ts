// Revocation (RFC 7009), and the end that every grant has: nothing of it works any more.

import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../../../../lib/store/memory.ts';
import { days, later, minutes, seconds } from '../../../../support/clock.ts';
import {
  askToken,
  call,
  newClient,
  newTokens,
  refreshForm,
  revoke,
  type Tokens,
  tokensFor,
} from '../../../../support/oauth-requests.ts';
import { serveAutodesk, startAutodesk } from '../../../../support/serving-autodesk.ts';

const { keep, sandbox, served } = await startAutodesk();

/** Whether its two tokens work. A renewal would give others, so it comes last. */
async function works(tokens: Tokens, at = served): Promise<[access: number, refresh: number]> {
  const { status } = await call(at, tokens.access);
  return [status, (await askToken(at, refreshForm(tokens))).status];
}

describe('a client', () => {
  test.each(['access', 'refresh'] as const)('ends its grant by the %s token', async (which) => {
    const tokens = await newTokens(served);
    const other = await newTokens(served, { clientId: tokens.clientId });
    const { status, body, headers } = await revoke(served, {
      client_id: tokens.clientId,
      token: tokens[which],
    });
    expect([status, body, headers['cache-control']]).toEqual([200, '', 'no-store']);
    expect(await works(tokens)).toEqual([401, 400]);
    // The same person, the same client: another grant.
    expect(await works(other)).toEqual([200, 200]);
  });

  test('ends it for tokens of every renewal, also by a refresh token that was used', async () => {
    const tokens = await newTokens(served);
    const renewed = await tokensFor(served, refreshForm(tokens));
    await revoke(served, { client_id: tokens.clientId, token: tokens.refresh });
    expect(await works({ ...renewed, clientId: tokens.clientId })).toEqual([401, 400]);
    expect((await call(served, tokens.access)).status).toBe(401);
  });

  test('may be wrong about which token it is', async () => {
    const tokens = await newTokens(served);
    const form = { client_id: tokens.clientId, token: tokens.refresh, token_type_hint: 'access_token' };
    expect((await revoke(served, form)).status).toBe(200);
    expect(await works(tokens)).toEqual([401, 400]);
  });

  test('cannot end the grant of another, and hears nothing of it', async () => {
    const tokens = await newTokens(served);
    const client_id = await newClient(served, { client_name: 'Another' });
    for (const token of [tokens.access, tokens.refresh, 'made-up', 'a.b.c'])
      expect(await revoke(served, { client_id, token })).toMatchObject({ status: 200, body: '' });
    expect(await works(tokens)).toEqual([200, 200]);
  });

  test('is told what is wrong with the request', async () => {
    const { clientId: client_id, access: token } = await newTokens(served);
    const refusal = async (
      ...parameters: Parameters<typeof revoke> extends [unknown, ...infer R] ? R : never
    ) => {
      const { status, body } = await revoke(served, ...parameters);
      return [status, JSON.parse(body).error];
    };
    expect(await refusal({ token })).toEqual([400, 'invalid_request']);
    expect(await refusal({ client_id })).toEqual([400, 'invalid_request']);
    expect(await refusal({ client_id, token: [token, token] })).toEqual([400, 'invalid_request']);
    expect(await refusal({ client_id: 'made-up', token })).toEqual([401, 'invalid_client']);
    expect(await refusal({ client_id, token }, { authorization: 'Basic YTpi' })).toEqual([
      401,
      'invalid_client',
    ]);
    expect((await call(served, token)).status).toBe(200);
  });
});

describe('a grant', () => {
  const start = (grantDays?: number) => serveAutodesk(sandbox, { grantDays });

  test.each<[days: number, setting: number | undefined]>([
    [90, undefined],
    [7, 7],
  ])('ends after %i days, whatever is renewed', async (length, setting) => {
    const at = keep(await start(setting));
    later(0);
    let tokens = await newTokens(at);
    const { clientId } = tokens;
    for (let day = 0; day < length - 1; day += Math.min(10, length - 1 - day || 1)) {
      later(Math.min(10, length - 1 - day) * days);
      tokens = { ...(await tokensFor(at, refreshForm(tokens))), clientId };
    }
    later(days - 10 * minutes);
    const { status, json } = await askToken(at, refreshForm(tokens));
    // No token outlives it.
    expect([status, json.expires_in]).toEqual([200, 600]);
    const last = { clientId, access: String(json.access_token), refresh: String(json.refresh_token) };
    later(10 * minutes - 2 * seconds);
    expect((await call(at, last.access)).status).toBe(200);
    later(3 * seconds);
    expect(await works(last, at)).toEqual([401, 400]);
  });

  test('ends also where the store forgets nothing by itself', async () => {
    const store = memoryStore(() => 0);
    const at = keep(await serveAutodesk(sandbox, { grantDays: 1, store }));
    later(0);
    const tokens = await newTokens(at);
    later(days - seconds);
    const renewed = await tokensFor(at, refreshForm(tokens));
    later(seconds);
    expect((await askToken(at, refreshForm(renewed))).status).toBe(400);
  });
});
