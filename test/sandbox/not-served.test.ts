// What of APS the sandbox does not serve, and how it says so.
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startSandbox } from '../support/sandbox.ts';
import { get } from './calls.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());

const notServed = z.strictObject({
  developerMessage: z.string(),
  moreInfo: z.string(),
  errorCode: z.literal('SANDBOX-NOT-SERVED'),
  operation: z.strictObject({ method: z.string(), path: z.string(), operationId: z.string().optional() }),
  served: z.array(z.string()),
});
const call = (method: string, path: string) => fetch(`${sandbox.url}${path}`, { method });

test.each([
  [
    'PUT',
    '/oss/v2/signedresources/s/resumable',
    '/oss/v2/signedresources/{hash}/resumable',
    'upload_signed_resources_chunk',
  ],
  ['PATCH', '/data/v1/projects/p/items/i', '/data/v1/projects/{project_id}/items/{item_id}', 'patchItem'],
  ['POST', '/data/v1/projects/p/downloads', '/data/v1/projects/{project_id}/downloads', 'createDownload'],
])('%s %s is 501, and named as Autodesk names it', async (method, path, template, operationId) => {
  const answer = await call(method, path);
  expect(answer.status).toBe(501);
  const { operation, developerMessage } = notServed.parse(await answer.json());
  expect(operation).toEqual({ method, path: template, operationId });
  expect(developerMessage).toContain(`${method} ${template}`);
});

test.each([
  ['GET', '/construction/issues/v1/projects/p/issues'],
  ['POST', '/modelderivative/v2/designdata/job'],
  ['GET', '/userprofile/v1/users/@me'],
  ['GET', '/oss/v2/nothing'],
  ['GET', '/data/v2/projects'],
])('%s %s, of an API that the sandbox lacks, is 501 with its path', async (method, path) => {
  const answer = await call(method, path);
  expect(answer.status).toBe(501);
  expect(notServed.parse(await answer.json()).operation).toEqual({ method, path });
});

describe('the list of what is served', () => {
  test('has every operation of APS once, and nothing else', async () => {
    const { served } = notServed.parse(await (await get(sandbox, '/oss/v2/nothing')).json());
    expect(served).toEqual(
      expect.arrayContaining([
        'GET /.well-known/openid-configuration',
        'GET /authentication/v2/authorize',
        'POST /authentication/v2/token',
        'DELETE /authentication/v2/service-accounts/{id}/keys/{kid}',
        'GET /oss/v2/buckets',
        'GET /project/v1/hubs/{hub_id}/projects/{project_id}/topFolders',
        'GET /userinfo',
      ]),
    );
    expect(new Set(served).size).toBe(served.length);
    expect(served.filter((each) => /\*|_sandbox|\/openid\//.test(each))).toEqual([]);
    expect(served).toEqual(served.toSorted());
  });

  test('is also at /_sandbox', async () => {
    const { served } = notServed.parse(await (await get(sandbox, '/oss/v2/nothing')).json());
    expect(await (await get(sandbox, '/_sandbox')).json()).toMatchObject({ served });
  });
});

test.each(['/', '/nothing', '/ossv2/buckets', '/favicon.ico', '/.well-known/oauth-authorization-server'])(
  '%s is no path of APS, and 404',
  async (path) => {
    const answer = await get(sandbox, path);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ errorCode: 'ERR-002' });
  },
);

test('a method that Autodesk does not publish for a served path is 405', async () => {
  for (const [method, path] of [
    ['PATCH', '/oss/v2/buckets'],
    ['GET', '/authentication/v2/token'],
    ['DELETE', '/project/v1/hubs'],
  ] as const)
    expect((await call(method, path)).status).toBe(405);
});
