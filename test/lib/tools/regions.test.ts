// list_buckets of all regions while some of them have trouble: the others, and which ones are missing.
import { describe, expect, test } from 'vitest';
import { Refusal, silence, startAnsweringAps } from '../../support/answering-aps.ts';
import { apsAt } from '../../support/aps-calls.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { serveOssTools } from '../../support/serving.ts';
import { callListing, listingsOf } from '../../support/tool-results.ts';

const keep = closing();
const aps = await startAnsweringAps();
const client = keep(await connect(keep(await serveOssTools(apsAt(aps.url))).url, 'legacy'));
const { walk } = listingsOf(client);

const all = { region: 'ALL' };
const regions = ['US', 'EMEA', 'AUS', 'CAN', 'DEU', 'IND', 'JPN', 'GBR'];
const regionOf = (url: URL) => url.searchParams.get('region') ?? '';
const startAt = (url: URL) => Number(url.searchParams.get('startAt') ?? 0);

/** The buckets of a region, of which there are `total`: they are called after it, and their number. */
function bucketsOf(url: URL, total = 1): unknown {
  const end = Math.min(total, startAt(url) + Number(url.searchParams.get('limit')));
  const items = Array.from({ length: end - startAt(url) }, (_, index) => ({
    ...{ bucketKey: `${regionOf(url)}-${startAt(url) + index}`, createdDate: 1, policyKey: 'persistent' },
  }));
  return { items, ...(end < total && { next: `/oss/v2/buckets?startAt=${end}` }) };
}
const keysOf = (items: Record<string, unknown>[]) => items.map(({ bucket_key }) => bucket_key);
const but = (...missing: string[]) => regions.filter((region) => !missing.includes(region));

const troubles: [how: string, answer: unknown, words: RegExp][] = [
  ['refuses', new Refusal(403, { reason: 'Not here' }), /^EMEA: APS denied access: Not here \(HTTP 403\)/],
  ['is down', new Refusal(503), /^EMEA: APS has an internal problem \(HTTP 503\)/],
  ['answers with a page', 'hello', /^EMEA: APS's answer is not as documented/],
];

describe('one region', () => {
  test.each(troubles)('that %s is missing by name, and the others are there', async (_how, answer, words) => {
    aps.answer((url) => (regionOf(url) === 'EMEA' ? answer : bucketsOf(url)));
    const { isError, items, texts, warnings } = await callListing(client, 'list_buckets', all);
    expect([isError, keysOf(items)]).toEqual([false, but('EMEA').map((region) => `${region}-0`)]);
    expect(warnings).toEqual([expect.stringMatching(words)]);
    expect(texts[1]).toContain(warnings?.[0]);
  });

  test('that is silent is missing by name, long before the call must end', async () => {
    const patient = keep(await serveOssTools(apsAt(aps.url, { deadline: 600 })));
    const visitor = keep(await connect(patient.url, 'legacy'));
    aps.answer((url) => (regionOf(url) === 'EMEA' ? silence : bucketsOf(url)));
    const { isError, items, warnings } = await callListing(visitor, 'list_buckets', all);
    expect([isError, items.length]).toEqual([false, 7]);
    expect(warnings).toEqual([expect.stringMatching(/^EMEA: APS did not answer within 0\.3 seconds/)]);
    await aps.givenUp();
  });

  test('that failed is asked again by the cursor, and only that one', async () => {
    aps.answer((url) => (regionOf(url) === 'EMEA' ? new Refusal(403) : bucketsOf(url)));
    const { nextCursor: cursor, texts } = await callListing(client, 'list_buckets', all);
    expect(texts[1]).toContain(`cursor "${cursor}"`);
    aps.answer((url) => bucketsOf(url));
    const rest = await callListing(client, 'list_buckets', { ...all, cursor });
    expect([keysOf(rest.items), rest.nextCursor]).toEqual([['EMEA-0'], undefined]);
    expect(aps.asked.map(regionOf)).toEqual(['EMEA']);
  });

  test('that fails in the middle keeps what came before, and goes on from there', async () => {
    const isTrouble = (url: URL) => regionOf(url) === 'EMEA' && startAt(url) >= 300;
    let over = false;
    aps.answer((url) => {
      if (isTrouble(url) && !over) return new Refusal(403);
      return bucketsOf(url, regionOf(url) === 'EMEA' ? 500 : 1);
    });
    const first = await callListing(client, 'list_buckets', { ...all, limit: 1000 });
    expect(first.warnings).toEqual([expect.stringMatching(/^EMEA: .*HTTP 403/)]);
    over = true;
    const second = await callListing(client, 'list_buckets', {
      ...all,
      limit: 1000,
      cursor: first.nextCursor,
    });
    const keys = keysOf([...first.items, ...second.items]);
    expect([keys.length, new Set(keys).size]).toEqual([507, 507]);
  });

  test('that fails does not keep the listing from its end', async () => {
    aps.answer((url) => (regionOf(url) === 'EMEA' ? new Refusal(403) : bucketsOf(url, 30)));
    const pages = walk('list_buckets', { ...all, limit: 50 });
    // At the end there is only the region that fails, and it fails.
    await expect(pages).rejects.toThrow('HTTP 403');
  });

  test('that is the only one that was asked for fails the call', async () => {
    aps.answer(() => new Refusal(403));
    const { isError, texts } = await callListing(client, 'list_buckets', { region: 'EMEA' });
    expect([isError, texts[0]]).toEqual([true, expect.stringMatching(/^APS denied access.*HTTP 403/)]);
  });
});

test('when every region fails, the call does, with the reason', async () => {
  aps.answer(() => new Refusal(503));
  const { isError, texts } = await callListing(client, 'list_buckets', all);
  expect([isError, texts[0]]).toEqual([
    true,
    expect.stringMatching(/^APS has an internal problem.*HTTP 503/),
  ]);
});

test('regions that have no buckets do not hide that another could not be asked', async () => {
  aps.answer((url) => (regionOf(url) === 'EMEA' ? new Refusal(403) : { items: [] }));
  const { isError, items, warnings } = await callListing(client, 'list_buckets', all);
  expect([isError, items, warnings?.length]).toEqual([false, [], 1]);
});
