// Which claim of an access token is the caller: MCP_AUTH_SUBJECT_CLAIM.
import { describe, expect, test } from 'vitest';
import { oidc } from '../../../../lib/serve/client-sign-in/oidc.ts';
import { closing } from '../../../support/closing.ts';
import { bearer } from '../../../support/oidc.ts';
import { startOpenIdProvider } from '../../../support/openid-provider.ts';

const keep = closing();
const provider = keep(await startOpenIdProvider());
const { issuer } = provider;
const url = 'http://localhost:5002';

/** What a server whose callers are told by `subjectClaim` says to a token with such claims: an id, or an error. */
async function callerOf(subjectClaim: string | undefined, claims: Record<string, unknown>) {
  const resource = `${url}/mcp`;
  const { authenticate } = oidc({ issuer, scopes: [], resource, name: 'Subjects', subjectClaim });
  const caller = await authenticate(new Request(resource, { headers: bearer(provider.token(url, claims)) }));
  return caller instanceof Response ? `${caller.status} ${await caller.text()}` : caller;
}

const idOf = async (subjectClaim: string | undefined, claims: Record<string, unknown>) => {
  const caller = await callerOf(subjectClaim, claims);
  return typeof caller === 'string' ? caller : caller.id;
};

const person = { oid: 'an-oid', tid: 'a-tid', uid: '00u1', sub: 'a-sub' };

test.each([
  [undefined, `${issuer}#a-sub`],
  ['sub', `${issuer}#a-sub`],
  ['uid', `${issuer}#00u1`],
  ['oid', `${issuer}#a-tid/an-oid`],
])('with %s, the caller is %s', async (subjectClaim, id) => {
  expect(await idOf(subjectClaim, person)).toBe(id);
  expect(await idOf(subjectClaim, { ...person, name: 'Another Name', client_id: 'b-client' })).toBe(id);
});

test.each([
  ['uid', 'uid'],
  ['oid', 'oid'],
  ['oid', 'tid'],
  ['sub', 'sub'],
])('with %s, a token without %s is refused, and that is said', async (subjectClaim, lacking) => {
  for (const value of [undefined, '', 7, ['x'], null])
    expect(await idOf(subjectClaim, { ...person, [lacking]: value })).toMatch(
      new RegExp(`^401 .*invalid_token.*lacks the claim ${lacking},`),
    );
});

test('a token needs no sub where the caller is another claim', async () => {
  expect(await callerOf('uid', { ...person, sub: undefined })).toEqual({
    id: `${issuer}#00u1`,
    user: '00u1',
    client: 'a-client',
  });
});

describe('two people', () => {
  test('of two directories with one oid are two callers, however the parts are put together', async () => {
    const pairs = [
      { tid: 'a', oid: 'b/c' },
      { tid: 'a/b', oid: 'c' },
      { tid: 'a%2Fb', oid: 'c' },
    ];
    const ids = await Promise.all(pairs.map((claims) => idOf('oid', { ...person, ...claims })));
    expect(new Set(ids).size).toBe(3);
  });
});
