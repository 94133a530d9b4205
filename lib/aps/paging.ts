/** Numbered pages, fetched concurrently: JSON:API listings of the Data Management API. */

/** Part of a listing. `after` is the position of the next item; it is absent at the end of the listing. */
export type NumberedSlice<Item> = { items: Item[]; after?: number };

/** One page, and whether APS has another one after it. */
export type NumberedPage<Item> = { items: Item[]; more: boolean };

/** The largest page of the Data Management API, and its default. */
export const pageSize = 200;

/** The most pages that are fetched concurrently. */
const widest = 8;

/**
 * Collects up to `limit` items, starting at position `from`. Fetches the first page alone, and the pages after it
 * concurrently, 2, 4, then 8 at a time, because APS does not say how many there are. Discards pages beyond the end, and
 * their errors.
 *
 * A position stands for a page and the items skipped in it: APS may return fewer items than a page can hold, and still
 * have another page.
 *
 * @param fetchPage - fetches a page of {@link pageSize} items by its number, from 0
 * @param onItems - called with the number of items so far, whenever it has grown
 */
export async function collectPages<Item>(
  fetchPage: (number: number) => Promise<NumberedPage<Item>>,
  { limit, from = 0, onItems }: { limit: number; from?: number; onItems?: (count: number) => void },
): Promise<NumberedSlice<Item>> {
  const items: Item[] = [];
  let position = from;
  let more = true;

  for (let width = 1; more && items.length < limit; width = Math.min(width * 2, widest)) {
    const next = Math.floor(position / pageSize);
    const needed = Math.ceil(((position % pageSize) + limit - items.length) / pageSize);
    const numbers = Array.from({ length: Math.min(width, needed) }, (_, index) => next + index);
    const before = items.length;
    for (const outcome of await Promise.allSettled(numbers.map(fetchPage))) {
      if (!more || items.length === limit) break;
      if (outcome.status === 'rejected') throw outcome.reason;
      const page = outcome.value;
      const skipped = position % pageSize;
      const taken = page.items.slice(skipped, skipped + limit - items.length);
      items.push(...taken);
      const left = page.items.length > skipped + taken.length;
      position = left ? position + taken.length : (Math.floor(position / pageSize) + 1) * pageSize;
      more = left || page.more;
    }
    if (items.length > before) onItems?.(items.length);
  }
  return { items, ...(more && { after: position }) };
}
