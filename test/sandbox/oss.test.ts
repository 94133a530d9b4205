// The Object Storage Service: access, paging and errors.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedAt } from '../support/changed-text.ts';
import { createSandboxApp, createSandboxState, type Sandbox, startSandbox } from '../support/sandbox.ts';
import { accessToken, demo, get, json, other, pages, withoutApis } from './calls.ts';

let sandbox: Sandbox;
let token: string;

beforeAll(async () => {
  sandbox = await startSandbox();
  token = await accessToken(sandbox);
});
afterAll(() => sandbox.close());

const keys = (items: Record<string, unknown>[], name: string) => items.map((item) => String(item[name]));

describe('a request without the right token', () => {
  test.each([
    ['without Authorization', undefined, 401, 'AUTH-012'],
    ['with Basic credentials', 'Basic c2FuZGJveDpzYW5kYm94', 401, 'AUTH-012'],
    ['with an empty bearer token', 'Bearer ', 401, 'AUTH-012'],
    ['with a garbled token', 'Bearer not-a-token', 401, 'AUTH-006'],
  ])('%s is refused', async (_case, authorization, status, errorCode) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const answer = await fetch(`${sandbox.url}/oss/v2/buckets`, { headers });
    expect(answer.status).toBe(status);
    expect(await json(answer)).toEqual({
      developerMessage: expect.any(String),
      moreInfo: 'https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/error_handling/',
      errorCode,
    });
  });

  test('is refused if one character of the token is changed', async () => {
    expect((await get(sandbox, '/oss/v2/buckets', changedAt(token, -5))).status).toBe(401);
  });

  test.each([
    ['/oss/v2/buckets', 'data:read'],
    ['/oss/v2/buckets/sandbox-empty/details', 'data:read'],
    ['/oss/v2/buckets/sandbox-empty/objects', 'bucket:read'],
    ['/oss/v2/buckets/sandbox-empty/objects/x/details', 'bucket:read'],
  ])('is refused at %s with only the scope %s', async (path, scope) => {
    const answer = await get(sandbox, path, await accessToken(sandbox, scope));
    expect(answer.status).toBe(403);
    expect((await json(answer)).errorCode).toBe('AUTH-010');
  });

  test('is refused if the application has no access to the API', async () => {
    const answer = await get(sandbox, '/oss/v2/buckets', await accessToken(sandbox, undefined, withoutApis));
    expect(answer.status).toBe(403);
    expect((await json(answer)).errorCode).toBe('AUTH-001');
  });

  test('is refused with the token of a user', async () => {
    const state = await createSandboxState();
    const issued = await state.tokens.issue({
      issuer: 'http://localhost',
      clientId: demo.id,
      scopes: ['bucket:read'],
      lifetimeSeconds: 60,
      userId: 'SANDBOXUSER1',
    });
    const headers = { authorization: `Bearer ${issued.token}` };
    const answer = await createSandboxApp(state).request('/oss/v2/buckets', { headers });
    expect(answer.status).toBe(403);
    expect((await json(answer)).errorCode).toBe('AUTH-010');
  });
});

describe('the list of buckets', () => {
  test('defaults to a page of 10 in the US region', async () => {
    const body = await json(await get(sandbox, '/oss/v2/buckets', token));
    expect(body.items).toHaveLength(10);
    expect(body.items?.[0]).toEqual({
      bucketKey: 'airport-terminal-2-drawings',
      createdDate: Date.UTC(2023, 0, 9, 8, 30),
      policyKey: 'persistent',
    });
    const last = body.items?.[9]?.bucketKey;
    expect(body.next).toBe(`${sandbox.url}/oss/v2/buckets?region=US&limit=10&startAt=${last}`);
  });

  test.each([
    ['US', [10, 10, 3]],
    ['EMEA', Array(13).fill(10)],
    ['AUS', [1]],
    ['APAC', [1]],
    ['CAN', [1]],
    ['DEU', [1]],
    ['IND', [0]],
    ['JPN', [1]],
    ['GBR', [1]],
  ])('of %s comes in pages of %j', async (region, sizes) => {
    const found = await pages(sandbox, `/oss/v2/buckets?region=${region}`, token);
    expect(found.map((page) => page.length)).toEqual(sizes);
  });

  test('of EMEA spans two pages of the largest size', async () => {
    const found = await pages(sandbox, '/oss/v2/buckets?region=EMEA&limit=100', token);
    expect(found.map((page) => page.length)).toEqual([100, 30]);
  });

  test('is ordered by key, with every bucket once', async () => {
    const found = keys((await pages(sandbox, '/oss/v2/buckets?limit=7', token)).flat(), 'bucketKey');
    expect(found).toEqual([...new Set(found)].sort());
  });

  test('starts after startAt, whether or not that bucket exists', async () => {
    const firstAfter = async (startAt: string) =>
      (await json(await get(sandbox, `/oss/v2/buckets?limit=1&startAt=${startAt}`, token))).items?.[0]
        ?.bucketKey;
    expect(await firstAfter('sandbox-empty')).toBe('sandbox-odd-names');
    expect(await firstAfter('sandbox-empty-and-more')).toBe('sandbox-odd-names');
  });

  test('has no next on a last page that is full', async () => {
    const body = await json(await get(sandbox, '/oss/v2/buckets?limit=23', token));
    expect(body.items).toHaveLength(23);
    expect(body).not.toHaveProperty('next');
  });

  test('has only the buckets of the calling application', async () => {
    const theirs = await pages(sandbox, '/oss/v2/buckets', await accessToken(sandbox, undefined, other));
    expect(keys(theirs.flat(), 'bucketKey')).toEqual(['sandbox-other-application']);
  });

  test.each([
    'limit=0',
    'limit=101',
    'limit=ten',
    'limit=5.5',
    'limit=-1',
    'limit=',
    'region=MARS',
    'region=us',
  ])('answers %s with 400 and a reason', async (query) => {
    const answer = await get(sandbox, `/oss/v2/buckets?${query}`, token);
    expect(answer.status).toBe(400);
    expect(await json(answer)).toEqual({ reason: expect.any(String) });
  });

  test.each([1, 100])('accepts a limit of %i', async (limit) => {
    expect((await get(sandbox, `/oss/v2/buckets?limit=${limit}`, token)).status).toBe(200);
  });

  test('shows each retention policy', async () => {
    const found = keys((await pages(sandbox, '/oss/v2/buckets', token)).flat(), 'policyKey');
    expect(new Set(found)).toEqual(new Set(['persistent', 'temporary', 'transient']));
  });
});

describe('the list of objects', () => {
  const photos = '/oss/v2/buckets/sandbox-survey-photos/objects';

  test('returns all 2,345 objects once and in order, in pages of 100', async () => {
    const found = await pages(sandbox, `${photos}?limit=100`, token);
    expect(found).toHaveLength(24);
    expect(found.at(-1)).toHaveLength(45);
    const all = keys(found.flat(), 'objectKey');
    expect(all).toHaveLength(2345);
    expect(all).toEqual([...new Set(all)].sort());
  });

  test('defaults to a page of 10', async () => {
    const body = await json(await get(sandbox, photos, token));
    expect(body.items).toHaveLength(10);
    expect(body.next).toBe(`${sandbox.url}${photos}?limit=10&startAt=flight-01%2FIMG_0010.jpg`);
  });

  test('keeps beginsWith from page to page', async () => {
    const found = await pages(sandbox, `${photos}?limit=100&beginsWith=flight-05/`, token);
    expect(found.map((page) => page.length)).toEqual([100, 100, 100, 45]);
    expect(keys(found.flat(), 'objectKey').every((key) => key.startsWith('flight-05/'))).toBe(true);
  });

  test('has the key, URN and address of each object', async () => {
    const path = '/oss/v2/buckets/sandbox-odd-names/objects';
    const { items } = await json(await get(sandbox, `${path}?beginsWith=issue`, token));
    const encoded = 'issue%20%2342.bcf';
    expect(items).toEqual([
      {
        bucketKey: 'sandbox-odd-names',
        objectKey: 'issue #42.bcf',
        objectId: `urn:adsk.objects:os.object:sandbox-odd-names/${encoded}`,
        sha1: expect.stringMatching(/^[0-9a-f]{40}$/),
        size: expect.any(Number),
        location: `${sandbox.url}${path}/${encoded}`,
      },
    ]);
  });

  test('pages through unusual keys one by one, and each one has details', async () => {
    const found = await pages(sandbox, '/oss/v2/buckets/sandbox-odd-names/objects?limit=1', token);
    const all = keys(found.flat(), 'objectKey');
    expect(all).toHaveLength(23);
    expect(new Set(all).size).toBe(23);
    for (const item of found.flat()) {
      const details = await json(await get(sandbox, `${item.location}/details`, token));
      expect(details).toEqual({ ...item, contentType: expect.any(String) });
      const beginsWith = encodeURIComponent(String(item.objectKey));
      const path = `/oss/v2/buckets/sandbox-odd-names/objects?beginsWith=${beginsWith}`;
      expect((await json(await get(sandbox, path, token))).items).toEqual([item]);
    }
  });

  test('of an empty bucket is empty', async () => {
    const answer = await get(sandbox, '/oss/v2/buckets/sandbox-empty/objects', token);
    expect(await json(answer)).toEqual({ items: [] });
  });

  test('is the same in every sandbox', async () => {
    const twin = await startSandbox();
    try {
      const path = '/oss/v2/buckets/harbor-tower-models/objects';
      const here = await json(await get(sandbox, path, token));
      const there = await json(await get(twin, path, await accessToken(twin)));
      const sizes = ({ items = [] }: { items?: Record<string, unknown>[] }) => keys(items, 'size');
      expect(sizes(here)).toHaveLength(8);
      expect(sizes(there)).toEqual(sizes(here));
    } finally {
      await twin.close();
    }
  });

  test.each([
    ['Not_Lower_Case', 400],
    ['ab', 400],
    ['a'.repeat(129), 400],
    ['no-such-bucket', 404],
    ['sandbox-other-application', 403],
  ])('of bucket %s is refused with %i and a reason', async (bucketKey, status) => {
    const answer = await get(sandbox, `/oss/v2/buckets/${bucketKey}/objects`, token);
    expect(answer.status).toBe(status);
    expect(await json(answer)).toEqual({ reason: expect.any(String) });
  });

  test.each(['limit=0', 'limit=101', 'limit=all'])('answers %s with 400 and a reason', async (query) => {
    const answer = await get(sandbox, `${photos}?${query}`, token);
    expect(answer.status).toBe(400);
    expect(await json(answer)).toEqual({ reason: expect.any(String) });
  });
});

describe('the details', () => {
  test('of a bucket name its owner', async () => {
    const answer = await get(sandbox, '/oss/v2/buckets/sandbox-empty/details', token);
    expect(await json(answer)).toEqual({
      bucketKey: 'sandbox-empty',
      bucketOwner: demo.id,
      createdDate: expect.any(Number),
      permissions: [{ authId: demo.id, access: 'full' }],
      policyKey: 'transient',
    });
  });

  const object = '/oss/v2/buckets/harbor-tower-models/objects/Structure.rvt/details';

  test('of an object contain the requested dates', async () => {
    const body = await json(await get(sandbox, `${object}?with=createdDate&with=lastModifiedDate`, token));
    expect(body).toMatchObject({ createdDate: expect.any(Number), lastModifiedDate: expect.any(Number) });
    expect(body).not.toHaveProperty('lastAccessedDate');
    expect(await json(await get(sandbox, object, token))).not.toHaveProperty('createdDate');
    expect((await get(sandbox, `${object}?with=everything`, token)).status).toBe(400);
  });

  test('of an object are 304 for a client that has the current version', async () => {
    const since = (date: string) =>
      fetch(`${sandbox.url}${object}`, {
        headers: { authorization: `Bearer ${token}`, 'if-modified-since': date },
      });
    expect((await since(new Date().toUTCString())).status).toBe(304);
    expect((await since('Sat, 01 Jan 2022 00:00:00 GMT')).status).toBe(200);
  });

  test('of an unknown object are 404 with a reason', async () => {
    const answer = await get(sandbox, '/oss/v2/buckets/sandbox-empty/objects/x/details', token);
    expect(answer.status).toBe(404);
    expect(await json(answer)).toEqual({ reason: expect.any(String) });
  });
});

describe('elsewhere', () => {
  test('an unsupported method is 405 and lists the supported ones', async () => {
    const answer = await fetch(`${sandbox.url}/oss/v2/buckets`, { method: 'PATCH' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
    expect((await get(sandbox, '/authentication/v2/token')).status).toBe(405);
  });

  test('every response has its own request id', async () => {
    const ids = await Promise.all(
      ['/oss/v2/buckets', '/oss/v2/nothing', '/authentication/v2/keys'].map(async (path) =>
        (await get(sandbox, path, token)).headers.get('x-request-id'),
      ),
    );
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
});
