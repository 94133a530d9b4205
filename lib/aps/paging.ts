/** Numbered pages, fetched side by side: JSON:API listings of the Data Management API. */

/** A stretch of a listing. `after` is the number of items before the next one; absent at the end of the listing. */
export type NumberedStretch<Item> = { items: Item[]; after?: number };

/** One page, and whether APS says that another follows. */
export type NumberedPage<Item> = { items: Item[]; more: boolean };

/** The largest page of the Data Management API, and its default. */
export const pageSize = 200;

/** How many pages are asked for side by side at most. */
const widest = 8;

/**
 * Collects `limit` items from the one with index `from` on. The first page is fetched alone; those after it
 * side by side, 2, 4, then 8 at a time, because nothing tells how many there are. Pages asked for beyond the
 * end are thrown away, and so are their errors.
 *
 * @param fetchPage - fetches the page with a number from 0, of {@link pageSize} items
 * @param onItems - told how many items there are so far, whenever there are more than before
 */
export async function collectPages<Item>(
  fetchPage: (number: number) => Promise<NumberedPage<Item>>,
  { limit, from = 0, onItems }: { limit: number; from?: number; onItems?: (count: number) => void },
): Promise<NumberedStretch<Item>> {
  const first = Math.floor(from / pageSize);
  const skipped = from % pageSize;
  const wanted = skipped + limit;
  const last = first + Math.ceil(wanted / pageSize) - 1;
  const items: Item[] = [];
  let more = true;
  let told = 0;

  for (let next = first, width = 1; more && next <= last; width = Math.min(width * 2, widest)) {
    const numbers = Array.from({ length: Math.min(width, last - next + 1) }, (_, index) => next + index);
    for (const outcome of await Promise.allSettled(numbers.map(fetchPage))) {
      if (!more) break;
      if (outcome.status === 'rejected') throw outcome.reason;
      items.push(...outcome.value.items);
      more = outcome.value.more;
    }
    next += numbers.length;
    const count = Math.min(items.length, wanted) - skipped;
    if (count > told) onItems?.(count);
    told = count;
  }
  const rest = more || items.length > wanted;
  return { items: items.slice(skipped, wanted), ...(rest && { after: from + limit }) };
}
