// list_projects: all of them, in whatever stretches, and hubs that have none to show.
import { describe, expect, test } from 'vitest';
import { startCleanSandbox } from '../../support/clean-sandbox.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { construction, europe, explorerOf, namesOf } from '../../support/places.ts';
import { demoHubs } from '../../support/sandbox.ts';
import { serveSsa } from '../../support/service-accounts.ts';
import { callListing, listingsOf } from '../../support/tool-results.ts';

const keep = closing();
// More calls in a minute than APS allows an application.
const sandbox = keep(await startCleanSandbox({ rateLimits: false }));
const client = keep(await connect(keep(await serveSsa(sandbox)).url, 'legacy'));
const { refusal } = listingsOf(client);
const { list, walk } = explorerOf(client);

const pagesAskedFor = () =>
  sandbox.requests.map(({ query }) => query['page[number]']).filter((page) => page !== undefined);

describe('list_projects', () => {
  test('returns all 1,203 in order, each once, with the fields of the sample', async () => {
    const { items, nextCursor } = await callListing(client, 'list_projects', {
      ...construction,
      limit: 10_000,
    });
    expect(items).toHaveLength(1203);
    expect(nextCursor).toBeUndefined();
    expect(items[0]).toEqual({ id: expect.stringMatching(/^b\./), name: '0001 Harbor Tower' });
    const names = items.map(({ name }) => String(name));
    expect(names).toEqual([...names].sort());
    expect(names.at(-1)).toMatch(/^1203 /);
    expect(new Set(items.map(({ id }) => id)).size).toBe(1203);
    expect(pagesAskedFor()).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  });

  test('returns 1,000 by default, and the text says how to go on', async () => {
    const { items, texts, nextCursor } = await callListing(client, 'list_projects', construction);
    expect(items).toHaveLength(1000);
    expect(JSON.parse(texts[0] ?? '')).toEqual(items);
    expect(texts.slice(1)).toEqual([expect.stringContaining(`cursor "${nextCursor}"`)]);
    const rest = await list('list_projects', { ...construction, cursor: nextCursor });
    expect([rest.length, rest[0]?.name]).toEqual([203, expect.stringMatching(/^1001 /)]);
  });

  test.each([
    [97, 13],
    [200, 7],
    [401, 3],
    [1202, 2],
    [1203, 1],
  ])('%i at a time are %i results without a gap, and none twice', async (limit, results) => {
    const stretches = await walk('list_projects', { ...construction, limit });
    expect(stretches).toHaveLength(results);
    for (const stretch of stretches.slice(0, -1)) expect(stretch).toHaveLength(limit);
    expect(namesOf(stretches.flat()).map((name) => Number(name.slice(0, 4)))).toEqual(
      Array.from({ length: 1203 }, (_, index) => index + 1),
    );
  });

  test('keeps every character of a name, in whatever script', async () => {
    const names = namesOf(await list('list_projects', europe));
    expect(names).toEqual([
      'Empty project',
      'Just an empty folder',
      'Most Łazienkowski, żelbet',
      '大阪駅 再開発',
      'برج الميناء',
      'Sky garden 🌿🏙️',
      'Tom & Jerry’s <new> "house"',
    ]);
  });

  test.each([
    ['without b.', (id: string) => id.replace(/^b\./, '')],
    ['with blanks around it', (id: string) => ` ${id}\n`],
  ])('accepts the id of a hub %s', async (_how, change) => {
    expect(await list('list_projects', { hub_id: change(demoHubs.europe) })).toHaveLength(7);
  });

  test.each([
    ['awaits approval', demoHubs.awaitingApproval, /HTTP 403.*Custom Integrations/],
    ['is somebody else’s', demoHubs.strangers, /denied access.*HTTP 403.*member/],
    ['is a user’s own', demoHubs.alicePersonal, /denied access.*HTTP 403/],
    [
      'does not exist',
      'b.00000000-5bc0-4000-8000-999999999999',
      /There is no such hub \(HTTP 404.*identifiers/,
    ],
    ['cannot exist', 'a/../../hubs?x=y#z', /There is no such hub \(HTTP 404/],
    ['is no name', '..', /"\.\." .*identifier/],
  ])('of a hub that %s is an error in words', async (_what, hub_id, words) => {
    expect(await refusal('list_projects', { hub_id })).toMatch(words);
    for (const { path } of sandbox.requests)
      expect(path).toMatch(/^\/(project\/v1\/hubs\/[^/]+\/projects|auth.*)$/);
  });
});
