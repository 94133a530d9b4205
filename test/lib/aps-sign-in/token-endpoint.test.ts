// The token endpoint on a bad day: what it says reaches the person, and a token that cannot be sent goes nowhere.
import { describe, expect, test } from 'vitest';
import { clientCredentials } from '../../../lib/aps-sign-in/client-credentials.ts';
import { localUser } from '../../../lib/caller.ts';
import { apsErrorOf } from '../../support/aps-calls.ts';
import { closing } from '../../support/closing.ts';
import { always, type LocalServer, startLocalServer } from '../../support/local-server.ts';
import { everythingOf, spellingsOf } from '../../support/secrets.ts';
import { hasty } from '../../support/serving.ts';

const keep = closing();
const secret = 'S3cr3t-0815-that-nobody-may-see';
let answer: Parameters<typeof startLocalServer>[0] = () => {};
const aps: LocalServer = keep(await startLocalServer((...question) => answer(...question)));

/** The error for an application whose token request is answered like this. */
async function errorFor(given: typeof answer) {
  answer = given;
  aps.requests.length = 0;
  const tokens = clientCredentials({
    ...{ clientId: 'an-id', clientSecret: secret, baseUrl: aps.url, scopes: ['data:read'] },
    retryPolicy: { ...hasty, retries: 1, longest: 10_000 },
  });
  return apsErrorOf(tokens.get(localUser));
}

const html = (status: number) => (_request: unknown, response: Parameters<typeof answer>[1]) =>
  response.writeHead(status, { 'content-type': 'text/html' }).end('<html>Blocked by policy</html>');
const credentials = 'APS_CLIENT_SECRET';

describe('the error', () => {
  test.each([
    [403, { errorCode: 'AUTH-001', developerMessage: 'No access to the API' }],
    [403, { errorCode: 'AUTH-001', developerMessage: 'No access to the API', error: null }],
    [400, { errorCode: 'AUTH-001', developerMessage: 'No access to the API', error: 400 }],
  ])('of %i %j has its words, its code, and advice about that', async (status, body) => {
    const error = await errorFor(always(body, status, { 'x-request-id': 'r-1' }));
    expect(error).toMatchObject({ status, code: 'AUTH-001', requestId: 'r-1' });
    expect(error.message).toContain(': No access to the API (');
    expect(error.advice).toMatch(/^Add this API to the application/);
  });

  test.each([200, 403, 404])('of a page (%i) says that it is none of APS', async (status) => {
    const error = await errorFor(html(status));
    expect(error.status).toBe(status);
    expect(error.message).toMatch(/^APS answered the sign-in with a page/);
    expect(error.advice).toMatch(/APS_BASE_URL.*proxy/);
    expect(error.message).not.toContain(credentials);
  });

  test.each([301, 302, 303, 307, 308])(
    'of a redirect (%i) says where it leads, and no more',
    async (status) => {
      const location = `https://login.example/a/path?client_secret=${secret}`;
      const error = await errorFor((_request, response) => response.writeHead(status, { location }).end());
      expect(error.status).toBe(status);
      expect(error.message).toMatch(/redirect to https:\/\/login\.example, which was not followed \(HTTP/);
      expect(error.advice).toContain('APS_BASE_URL');
      expect(error.message).not.toMatch(/a\/path|S3cr3t|APS_CLIENT_SECRET/);
    },
  );

  test.each([429, 503])('of %i with a long Retry-After says how long', async (status) => {
    const error = await errorFor(always({}, status, { 'retry-after': '99999' }));
    expect(error).toMatchObject({ status, advice: expect.stringContaining('Try again in 99999 seconds.') });
    expect(aps.requests).toHaveLength(1);
  });

  test.each([429, 503])(
    'of %i with a Retry-After beyond our patience comes at once, and says how long',
    async (status) => {
      const error = await errorFor(always({}, status, { 'retry-after': '20' }));
      expect(error).toMatchObject({ status, advice: expect.stringContaining('Try again in 20 seconds.') });
      expect(aps.requests).toHaveLength(1);
    },
  );

  test.each([null, 7, {}, ''])('with the description %j keeps its code and advice', async (description) => {
    const error = await errorFor(always({ error: 'invalid_scope', error_description: description }, 400));
    expect(error).toMatchObject({ status: 400, code: 'invalid_scope' });
    expect(error.message).toMatch(/^APS refused to sign the application in \(HTTP 400/);
    expect(error.advice).toContain('scope');
  });

  test('of wrong credentials is about those', async () => {
    const error = await errorFor(always({ developerMessage: 'Unknown client' }, 401));
    expect(error.message).toContain(': Unknown client (HTTP 401)');
    expect(error.advice).toContain(credentials);
  });

  test('that echoes what was sent does not pass it on', async () => {
    const basic = `Basic ${Buffer.from(`an-id:${secret}`).toString('base64')}`;
    const error = await errorFor(always({ error: 'invalid_client', error_description: `Got ${basic}` }, 400));
    expect(error.message).toContain(': Got Basic … (');
    for (const spelling of spellingsOf(secret)) expect(everythingOf(error)).not.toContain(spelling);
  });
});

test.each(['a\nb', 'a\r\nx: y', 'a b', 'tokén', 'a\u0000', '\u{1f600}'])(
  'a token that no header can carry (%j) is refused where it arrives',
  async (token) => {
    const error = await errorFor(always({ access_token: token, token_type: 'Bearer', expires_in: 3599 }));
    expect(error.message).toMatch(/^APS issued an access token that cannot be sent/);
    expect(error.message).not.toContain(token);
  },
);

test('a token endpoint that is silent is not asked again when the time for that is over', async () => {
  answer = () => {};
  aps.requests.length = 0;
  const tokens = clientCredentials({
    ...{ clientId: 'an-id', clientSecret: secret, baseUrl: aps.url, scopes: ['data:read'] },
    retryPolicy: { ...hasty, timeout: 60, longest: 100 },
  });
  expect((await apsErrorOf(tokens.get(localUser))).message).toMatch(/^APS did not answer: /);
  expect(aps.requests.length).toBeLessThanOrEqual(2);
});
