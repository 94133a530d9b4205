// The published rate limits of Data Management and OSS, and their switch.
import { describe, expect, test } from 'vitest';
import { demoHubs } from '../support/sandbox.ts';
import { serviceAccountToken } from './assertion-calls.ts';
import { accessToken, get, json, other } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import { projectsOf, readerOf } from './documents.ts';

const { sandbox, clock } = await startClockedSandbox();
const service = await serviceAccountToken(sandbox, clock.now);
const { project, files } = await readerOf(sandbox, service).showcase();
const inProject = `/data/v1/projects/${project.id}`;
const topFolders = `${projectsOf(demoHubs.construction)}/${project.id}/topFolders`;

/** The statuses of that many calls at once, each with its number of times. */
async function statuses(path: string, calls: number, token = service): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  await Promise.all(
    Array.from({ length: calls }, async () => {
      const { status } = await get(sandbox, path, token);
      counts[status] = (counts[status] ?? 0) + 1;
    }),
  );
  return counts;
}

const switchTo = (body: string) => fetch(`${sandbox.url}/_sandbox/rate-limits`, { method: 'PUT', body });

describe('within a minute', () => {
  test.each([
    ['50 calls for the hubs', '/project/v1/hubs', 50],
    ['50 calls for a hub', `/project/v1/hubs/${demoHubs.europe}`, 50],
    ['50 calls for the projects of a hub', `${projectsOf(demoHubs.europe)}?page[limit]=1`, 50],
    ['300 calls for top folders', topFolders, 300],
    [
      '300 calls for the contents of a folder',
      `${inProject}/folders/${encodeURIComponent(files.id)}/contents`,
      300,
    ],
  ])('an application can make %s', async (_limit, path, limit) => {
    expect(await statuses(path, limit + 2)).toEqual({ 200: limit, 429: 2 });
  });

  test('a call beyond them is refused with the time to wait, and succeeds after it', async () => {
    await statuses('/project/v1/hubs', 50);
    clock.now += 12_500;
    const refused = await get(sandbox, '/project/v1/hubs', service);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '48']);
    expect((await json(refused)).errorCode).toBe('ERR-001');
    clock.now += 48_000;
    expect((await get(sandbox, '/project/v1/hubs', service)).status).toBe(200);
  });

  test('every endpoint and every application has its own limit', async () => {
    await statuses('/project/v1/hubs', 51);
    expect(await statuses(`/project/v1/hubs/${demoHubs.europe}`, 25)).toEqual({ 200: 25 });
    // Two hubs, one endpoint.
    expect(await statuses(`/project/v1/hubs/${demoHubs.construction}`, 26)).toEqual({ 200: 25, 429: 1 });
    const theirs = await accessToken(sandbox, 'data:read', other);
    expect((await get(sandbox, '/project/v1/hubs', theirs)).status).toBe(200);
    // The same application, another token.
    const own = await accessToken(sandbox);
    expect((await get(sandbox, '/project/v1/hubs', own)).status).toBe(429);
  });

  test('the endpoints of OSS share one limit of 1000', async () => {
    const own = await accessToken(sandbox);
    expect(await statuses('/oss/v2/buckets?limit=1', 600, own)).toEqual({ 200: 600 });
    expect(await statuses('/oss/v2/buckets/sandbox-empty/objects', 401, own)).toEqual({ 200: 400, 429: 1 });
  });
});

describe('the switch', () => {
  test('turns every published limit off, and on again', async () => {
    expect(await json(await switchTo('{"enforced":false}'))).toEqual({ enforced: false });
    expect(await json(await get(sandbox, '/_sandbox'))).toMatchObject({ rateLimits: { enforced: false } });
    expect(await statuses('/project/v1/hubs', 60)).toEqual({ 200: 60 });
    expect((await switchTo('{"enforced":"no"}')).status).toBe(400);
    expect(await json(await switchTo('{"enforced":true}'))).toEqual({ enforced: true });
    expect(await statuses('/project/v1/hubs', 51)).toEqual({ 200: 50, 429: 1 });
  });

  test('is an option of the start, and is not reset with the trouble', async () => {
    const unlimited = await startClockedSandbox({ rateLimits: false });
    unlimited.sandbox.trouble.reset();
    const token = await accessToken(unlimited.sandbox);
    for (let call = 1; call <= 51; call++) {
      expect((await get(unlimited.sandbox, '/project/v1/hubs', token)).status).toBe(200);
    }
  });
});
