/** The Object Storage Service: buckets and objects (https://aps.autodesk.com/en/docs/data/v2/reference/http/). */
import { z } from 'zod';
import type { ApsSession } from './client.ts';
import { ApsError, incomplete } from './errors.ts';

/** Regions that store buckets. APS lists the buckets of one region at a time: US, unless told otherwise. */
export const regions = ['US', 'EMEA', 'AUS', 'CAN', 'DEU', 'IND', 'JPN', 'GBR'] as const;
export type Region = (typeof regions)[number];

/** What APS documents as a valid bucket key. */
export const bucketKeyPattern = /^[-_.a-z0-9]{3,128}$/;

/** The largest page of OSS. Its default is 10. */
const largestPage = 100;

/** After so many empty pages in a row, a listing is left for later. */
const mostEmptyPages = 20;

const bucketPage = z.object({
  items: z.array(z.object({ bucketKey: z.string(), createdDate: z.number(), policyKey: z.string() })),
  next: z.string().nullish(),
});
const objectPage = z.object({
  items: z.array(z.object({ objectKey: z.string(), objectId: z.string(), size: z.number() })),
  next: z.string().nullish(),
});

export type Bucket = z.infer<typeof bucketPage>['items'][number];
export type StoredObject = z.infer<typeof objectPage>['items'][number];

/**
 * Part of a listing. `after` is where the next part begins; it is absent at the end of the listing. `warnings` say why the
 * part is incomplete.
 */
export type Slice<Item> = { items: Item[]; after?: string; warnings?: string[] };

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

/** How much of the time that is left a region can take before the others are returned without it. */
const shareOfRegion = 0.5;

/**
 * The application's buckets in several regions, fetched concurrently. Each region gets a fair share of `limit`; what some
 * regions leave unused goes to the others in another round. A region that fails is left for later, and the others count.
 *
 * @param positions - the regions to list, and where to begin in each
 * @param onBuckets - called after every page with the number of buckets so far
 * @returns the buckets, grouped by region; `open`: the regions with more buckets, and those that failed, and where to
 *   continue; and warnings that name the incomplete regions
 * @throws {ApsError} when every region fails
 */
export async function listBucketsAcross(
  session: ApsSession,
  positions: RegionPositions,
  limit: number,
  onBuckets?: (count: number) => void,
): Promise<{ buckets: (Bucket & { region: Region })[]; open: RegionPositions; warnings: string[] }> {
  const open = { ...positions };
  const found = new Map<Region, Bucket[]>();
  const counts = new Map<Region, number>();
  const warnings = new Map<Region, string>();
  const failures: ApsError[] = [];
  const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0);
  const asked = regions.filter((region) => open[region] !== undefined);
  const isAlone = asked.length === 1;

  for (let missing = limit; missing > 0; missing = limit - total()) {
    const active = asked
      .filter((region) => open[region] !== undefined && !warnings.has(region))
      .slice(0, missing);
    if (active.length === 0) break;
    await Promise.all(
      active.map(async (region, index) => {
        const had = found.get(region) ?? [];
        const options = {
          limit: Math.floor((missing + index) / active.length),
          from: open[region] || undefined,
          onItems(count: number) {
            counts.set(region, had.length + count);
            onBuckets?.(total());
          },
        };
        try {
          const {
            items,
            after,
            warnings: said,
          } = await (isAlone
            ? listBuckets(session, region, options)
            : session.within(shareOfRegion, (part) => listBuckets(part, region, options)));
          found.set(region, [...had, ...items]);
          counts.set(region, had.length + items.length);
          if (said) warnings.set(region, said.join(' '));
          if (after === undefined) delete open[region];
          else open[region] = after;
        } catch (error) {
          if (!(error instanceof ApsError)) throw error;
          counts.set(region, had.length);
          warnings.set(region, error.message);
          failures.push(error);
        }
      }),
    );
  }
  if (failures.length === asked.length && found.size === 0) throw failures[0];
  const buckets = regions.flatMap((region) =>
    (found.get(region) ?? []).map((bucket) => ({ ...bucket, region })),
  );
  const inOrder = asked.flatMap((region) => {
    const why = warnings.get(region);
    return why === undefined ? [] : [`${region}: ${why}`];
  });
  return { buckets, open, warnings: inOrder };
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

/**
 * Follows `next` until there are `limit` items. Only the position is taken from it: the path, the filters and the size of
 * the page are those of the request. The last request asks only for what is still missing.
 */
async function slice<Item>(
  session: ApsSession,
  path: readonly string[],
  query: Record<string, string | undefined>,
  schema: z.ZodType<{ items: Item[]; next?: string | null }>,
  { limit, from, onItems }: SliceOptions,
): Promise<Slice<Item>> {
  const items: Item[] = [];
  const positions = new Set([from]);
  let startAt = from;
  let emptyPages = 0;
  for (;;) {
    const pageLimit = Math.min(largestPage, limit - items.length);
    const url = session.url(path, { ...query, startAt, limit: pageLimit });
    const page = await session.get(url, schema);
    items.push(...page.items);
    if (page.items.length > 0) onItems?.(items.length);
    if (page.next === undefined || page.next === null) return { items };
    startAt = session.next(page.next).searchParams.get('startAt') || undefined;
    // From a position that was there before, every further request would return the same pages.
    if (startAt === undefined || positions.has(startAt)) return { items, warnings: [incomplete.nowhere] };
    positions.add(startAt);
    if (items.length >= limit) return { items, after: startAt };
    emptyPages = page.items.length > 0 ? 0 : emptyPages + 1;
    if (emptyPages === mostEmptyPages)
      return { items, after: startAt, warnings: [incomplete.empty(emptyPages)] };
  }
}
