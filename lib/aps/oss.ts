/** The Object Storage Service: buckets and objects (https://aps.autodesk.com/en/docs/data/v2/reference/http/). */
import { z } from 'zod';
import type { ApsSession } from './client.ts';

/** Regions with a data centre for buckets; APS lists those of one region at a time, US if none is named. */
export const regions = ['US', 'EMEA', 'AUS', 'CAN', 'DEU', 'IND', 'JPN', 'GBR'] as const;
export type Region = (typeof regions)[number];

/** The form of a bucket key that APS documents. */
export const bucketKeyPattern = /^[-_.a-z0-9]{3,128}$/;

/** APS gives at most this many items a page, and only ten when nothing is asked for. */
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

/** A stretch of a listing. `after` is where the next one begins; it is absent at the end of the listing. */
export type Stretch<Item> = { items: Item[]; after?: string };

/** Which stretch of a listing to fetch. */
export type StretchOptions = {
  /** How many items at most. Fetched in as few pages as APS allows. */
  limit: number;
  /** The `after` of the stretch before this one. */
  after?: string;
  /** Told after every page with items how many are there so far: the number only grows. */
  onPage?: (count: number) => void;
};

/**
 * The application's buckets in one region: GET /oss/v2/buckets. Scope `bucket:read`, application token.
 *
 * @throws {ApsError}
 */
export function listBuckets(
  session: ApsSession,
  region: Region,
  options: StretchOptions,
): Promise<Stretch<Bucket>> {
  return stretch(session, ['oss', 'v2', 'buckets'], { region }, bucketPage, options);
}

/** Where the listing of each region goes on: the `after` of its last stretch, '' at its beginning. */
export type RegionPositions = Partial<Record<Region, string>>;

/**
 * The application's buckets in several regions, which are asked side by side. Each region gets a fair share
 * of `limit`; what some do not use goes to the others in a further round.
 *
 * @param positions - the regions to ask, and where to begin in each
 * @param onBuckets - told after every page how many buckets are there so far
 * @returns the buckets, grouped by region, and `open`: the regions that have more, and where
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
          after: open[region] || undefined,
          onPage: (count) => {
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
 * @param beginsWith - only objects whose key begins so
 * @throws {ApsError}
 */
export function listObjects(
  session: ApsSession,
  bucketKey: string,
  beginsWith: string | undefined,
  options: StretchOptions,
): Promise<Stretch<StoredObject>> {
  return stretch(
    session,
    ['oss', 'v2', 'buckets', bucketKey, 'objects'],
    { beginsWith },
    objectPage,
    options,
  );
}

/** Follows `next` until `limit` items are there. The last page is asked for no more than is still missing. */
async function stretch<Item>(
  session: ApsSession,
  path: readonly string[],
  query: Record<string, string | undefined>,
  schema: z.ZodType<{ items: Item[]; next?: string }>,
  { limit, after, onPage }: StretchOptions,
): Promise<Stretch<Item>> {
  const items: Item[] = [];
  let url = session.url(path, { ...query, startAt: after });
  for (;;) {
    url.searchParams.set('limit', String(Math.min(largestPage, limit - items.length)));
    const page = await session.get(url, schema);
    items.push(...page.items);
    if (page.items.length > 0) onPage?.(items.length);
    if (page.next === undefined) return { items };
    url = session.next(page.next);
    const startAt = url.searchParams.get('startAt') ?? undefined;
    // Without a place to go on from, asking again would give the same page for ever.
    if (startAt === undefined || startAt === after) return { items };
    after = startAt;
    if (items.length >= limit) return { items, after };
  }
}
