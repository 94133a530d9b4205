/** The Object Storage Service: buckets and objects (https://aps.autodesk.com/en/docs/data/v2/reference/http/). */
import { z } from 'zod';
import type { ApsSession } from './client.ts';

/** Regions that store buckets. APS lists the buckets of one region at a time: US, unless told otherwise. */
export const regions = ['US', 'EMEA', 'AUS', 'CAN', 'DEU', 'IND', 'JPN', 'GBR'] as const;
export type Region = (typeof regions)[number];

/** What APS documents as a valid bucket key. */
export const bucketKeyPattern = /^[-_.a-z0-9]{3,128}$/;

/** The largest page of OSS. Its default is 10. */
const largestPage = 100;

const bucketPage = z.object({
  items: z.array(z.object({ bucketKey: z.string(), createdDate: z.number(), policyKey: z.string() })),
  next: z.string().optional(),
});
const objectPage = z.object({
  items: z.array(z.object({ objectKey: z.string(), objectId: z.string(), size: z.number() })),
  next: z.string().optional(),
});

export type Bucket = z.infer<typeof bucketPage>['items'][number];
export type StoredObject = z.infer<typeof objectPage>['items'][number];

/** Part of a listing. `after` is where the next part begins; it is absent at the end of the listing. */
export type Slice<Item> = { items: Item[]; after?: string };

/** Which part of a listing to fetch. */
export type SliceOptions = {
  /** The most items to fetch, in as few pages as APS allows. */
  limit: number;
  /** The `after` of the part before this one. */
  from?: string;
  /** Called after every page with items, with the number of items so far: it only grows. */
  onItems?: (count: number) => void;
};

/**
 * The application's buckets in one region: GET /oss/v2/buckets. Scope `bucket:read`, application token.
 *
 * @throws {ApsError}
 */
export function listBuckets(
  session: ApsSession,
  region: Region,
  options: SliceOptions,
): Promise<Slice<Bucket>> {
  return slice(session, ['oss', 'v2', 'buckets'], { region }, bucketPage, options);
}

/** Where the listing of each region continues: the `after` of its last part, or '' for its beginning. */
export type RegionPositions = Partial<Record<Region, string>>;

/**
 * The application's buckets in several regions, fetched concurrently. Each region gets a fair share of `limit`; what some
 * regions leave unused goes to the others in another round.
 *
 * @param positions - the regions to list, and where to begin in each
 * @param onBuckets - called after every page with the number of buckets so far
 * @returns the buckets, grouped by region, and `open`: the regions with more buckets, and where to continue
 * @throws {ApsError}
 */
export async function listBucketsAcross(
  session: ApsSession,
  positions: RegionPositions,
  limit: number,
  onBuckets?: (count: number) => void,
): Promise<{ buckets: (Bucket & { region: Region })[]; open: RegionPositions }> {
  const open = { ...positions };
  const found = new Map<Region, Bucket[]>();
  const counts = new Map<Region, number>();
  const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0);

  for (let missing = limit; missing > 0; missing = limit - total()) {
    const active = regions.filter((region) => open[region] !== undefined).slice(0, missing);
    if (active.length === 0) break;
    await Promise.all(
      active.map(async (region, index) => {
        const had = found.get(region) ?? [];
        const { items, after } = await listBuckets(session, region, {
          limit: Math.floor((missing + index) / active.length),
          from: open[region] || undefined,
          onItems: (count) => {
            counts.set(region, had.length + count);
            onBuckets?.(total());
          },
        });
        found.set(region, [...had, ...items]);
        counts.set(region, had.length + items.length);
        if (after === undefined) delete open[region];
        else open[region] = after;
      }),
    );
  }
  const buckets = regions.flatMap((region) =>
    (found.get(region) ?? []).map((bucket) => ({ ...bucket, region })),
  );
  return { buckets, open };
}

/**
 * The objects in a bucket: GET /oss/v2/buckets/{bucketKey}/objects. Scope `data:read`, application token.
 *
 * @param beginsWith - only objects whose key begins with this
 * @throws {ApsError}
 */
export function listObjects(
  session: ApsSession,
  bucketKey: string,
  beginsWith: string | undefined,
  options: SliceOptions,
): Promise<Slice<StoredObject>> {
  return slice(session, ['oss', 'v2', 'buckets', bucketKey, 'objects'], { beginsWith }, objectPage, options);
}

/** Follows `next` until there are `limit` items. The last request asks only for what is still missing. */
async function slice<Item>(
  session: ApsSession,
  path: readonly string[],
  query: Record<string, string | undefined>,
  schema: z.ZodType<{ items: Item[]; next?: string }>,
  { limit, from, onItems }: SliceOptions,
): Promise<Slice<Item>> {
  const items: Item[] = [];
  let after = from;
  let url = session.url(path, { ...query, startAt: from });
  for (;;) {
    url.searchParams.set('limit', String(Math.min(largestPage, limit - items.length)));
    const page = await session.get(url, schema);
    items.push(...page.items);
    if (page.items.length > 0) onItems?.(items.length);
    if (page.next === undefined) return { items };
    url = session.next(page.next);
    const startAt = url.searchParams.get('startAt') ?? undefined;
    // Without a new position, every further request would return the same page.
    if (startAt === undefined || startAt === after) return { items };
    after = startAt;
    if (items.length >= limit) return { items, after };
  }
}
