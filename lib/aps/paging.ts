/** Numbered pages, fetched side by side: JSON:API listings of the Data Management API. */

/** A stretch of a listing. `after` is the place of the next item; absent at the end of the listing. */
export type NumberedStretch<Item> = { items: Item[]; after?: number };

/** One page, and whether APS says that another follows. */
export type NumberedPage<Item> = { items: Item[]; more: boolean };

/** The largest page of the Data Management API, and its default. */
export const pageSize = 200;

/** How many pages are asked for side by side at most. */
const widest = 8;

/**
 * Collects `limit` items from the one at place `from` on. The first page is fetched alone; those after it
 * side by side, 2, 4, then 8 at a time, because nothing tells how many there are. Pages asked for beyond the
 * end are thrown away, and so are their errors.
 *
 * A place is a page and what is skipped in it: a page may hold fewer items than it has room for, and another
 * follow all the same.
 *
 * @param fetchPage - fetches the page with a number from 0, of {@link pageSize} items
 * @param onItems - told how many items there are so far, whenever there are more than before
 */
export async function collectPages<Item>(
  fetchPage: (number: number) => Promise<NumberedPage<Item>>,
  { limit, from = 0, onItems }: { limit: number; from?: number; onItems?: (count: number) => void },
): Promise<NumberedStretch<Item>> {
  const items: Item[] = [];
  let place = from;
  let more = true;

  for (let width = 1; more && items.length < limit; width = Math.min(width * 2, widest)) {
    const next = Math.floor(place / pageSize);
    const needed = Math.ceil(((place % pageSize) + limit - items.length) / pageSize);
    const numbers = Array.from({ length: Math.min(width, needed) }, (_, index) => next + index);
    const before = items.length;
    for (const outcome of await Promise.allSettled(numbers.map(fetchPage))) {
      if (!more || items.length === limit) break;
      if (outcome.status === 'rejected') throw outcome.reason;
      const page = outcome.value;
      const skipped = place % pageSize;
      const taken = page.items.slice(skipped, skipped + limit - items.length);
      items.push(...taken);
      const left = page.items.length > skipped + taken.length;
      place = left ? place + taken.length : (Math.floor(place / pageSize) + 1) * pageSize;
      more = left || page.more;
    }
    if (items.length > before) onItems?.(items.length);
  }
  return { items, ...(more && { after: place }) };
}
