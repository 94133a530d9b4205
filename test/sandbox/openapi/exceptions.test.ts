// Every exception is needed: for each there is an answer of the sandbox that departs from the documents in that way.
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { demoHubs, startSandbox } from '../../../sandbox/index.ts';
import { serviceAccountToken } from '../assertion-calls.ts';
import { accessToken, basic, demo } from '../calls.ts';
import { projectsOf, readerOf } from '../documents.ts';
import { call, everyScope, objectPath } from '../oss-calls.ts';
import { authorizeUrl } from '../sign-in-calls.ts';
import { checkAnswer } from './check.ts';
import { type Exception, exceptions } from './exceptions.ts';

const rootSchema = z.object({
  rootFolder: z.object({ meta: z.object({ link: z.object({ href: z.string() }) }) }),
});

const signedSchema = z.looseObject({ signedUrl: z.string() });

const used = new Set<Exception>();
const sandbox = await startSandbox({
  onAnswer: async (request, answer) => {
    for (const exception of (await checkAnswer(request, answer))?.used ?? []) used.add(exception);
  },
});
afterAll(() => sandbox.close());

const [application, service] = await Promise.all([
  accessToken(sandbox, everyScope),
  serviceAccountToken(sandbox),
]);
const form = (body: Record<string, string>) => ({
  method: 'POST',
  headers: basic(demo),
  body: new URLSearchParams(body),
});

const departures: [path: string, init?: RequestInit][] = [
  ['/project/v1/hubs/x'],
  ['/data/v1/projects/x/items/x', { method: 'PATCH' }],
  ['/authentication/v2/revoke', form({})],
  ['/authentication/v2/revoke', form({ token: 'x'.repeat(65 * 1024) })],
  ['/authentication/v2/logout?post_logout_redirect_uri=http://localhost/elsewhere'],
  [authorizeUrl(sandbox).href],
  [authorizeUrl(sandbox, { response_type: 'token' }).href, { redirect: 'manual' }],
  ['/authentication/v2/revoke', form({ token: 'x', token_type_hint: 'access_token' })],
  ['/authentication/v2/introspect', form({ token: 'x' })],
  ['/oss/v2/buckets/no-such-bucket/objects', { headers: { authorization: `Bearer ${application}` } }],
  ['/project/v1/hubs?filter[nothing]=US', { headers: { authorization: `Bearer ${service}` } }],
  [
    `${projectsOf(demoHubs.construction)}?page[number]=99`,
    { headers: { authorization: `Bearer ${service}` } },
  ],
];

test('no exception is stale', async () => {
  const { read } = readerOf(sandbox, service);
  const { relationships } = (await read(`${projectsOf(demoHubs.construction)}?page[limit]=1`)).first;
  await read(rootSchema.parse(relationships).rootFolder.meta.link.href);
  const signed = `${objectPath('sandbox-survey-photos', 'flight-01/IMG_0001.jpg')}/signed`;
  const { signedUrl } = signedSchema.parse(await (await call(sandbox, application, 'POST', signed)).json());
  const requests = [{ objectKey: 'none', uploadKey: 'x' }];
  for (const batch of ['batchsigneds3upload', 'batchsigneds3download']) {
    await call(sandbox, application, 'POST', `/oss/v2/buckets/sandbox-empty/objects/${batch}`, { requests });
  }
  for (const headers of [{ range: 'bytes=0-0' }, undefined]) await fetch(signedUrl, { headers });
  for (const [path, init] of departures) await fetch(new URL(path, sandbox.url), init);
  expect(exceptions.filter((each) => !used.has(each)).map(({ reason }) => reason)).toEqual([]);
});
