/** Numbered pages, fetched concurrently: JSON:API listings of the Data Management API. */

import { incomplete } from './errors.ts';

/**
 * Part of a listing. `after` is the position of the next item; it is absent at the end of the listing. `warnings` say why
 * the part is incomplete.
 */
export type NumberedSlice<Item> = { items: Item[]; after?: number; warnings?: string[] };

/** One page. `next` is the number in its link to the next page: NaN if the link has none, undefined without a link. */
export type NumberedPage<Item> = { items: Item[]; next?: number };

/** The largest page of the Data Management API, and its default. */
export const pageSize = 200;

/** The most pages that are fetched concurrently. */
const widest = 8;

/** After so many empty pages in a row, a listing is left for later. */
const mostEmptyPages = 20;

/**
 * Collects up to `limit` items, starting at position `from`. Fetches the first page alone, and the pages after it
 * concurrently, 2, 4, then 8 at a time, because APS does not say how many there are. As soon as the last page is there,
 * with those before it, requests for pages beyond it are ended.
 *
 * A position stands for a page and the items skipped in it: APS may return fewer items than a page can hold, and still
 * have another page.
 *
 * @param fetchPage - fetches a page of {@link pageSize} items by its number, from 0, unless the signal aborts
 * @param onItems - called with the number of items so far, whenever it has grown
 */
export async function collectPages<Item>(
  fetchPage: (number: number, signal: AbortSignal) => Promise<NumberedPage<Item>>,
  { limit, from = 0, onItems }: { limit: number; from?: number; onItems?: (count: number) => void },
): Promise<NumberedSlice<Item>> {
  const items: Item[] = [];
  let position = from;
  let emptyPages = 0;

  for (let width = 1; ; width = Math.min(width * 2, widest)) {
    const first = Math.floor(position / pageSize);
    const needed = Math.ceil(((position % pageSize) + limit - items.length) / pageSize);
    const ahead = new AbortController();
    const pages = Array.from({ length: Math.min(width, needed) }, (_, index) =>
      fetchPage(first + index, ahead.signal),
    );
    // It does not matter whether pages beyond the end fail.
    for (const page of pages) page.catch(() => {});
    const before = items.length;
    let end: Omit<NumberedSlice<Item>, 'items'> | undefined;
    try {
      for (const [index, promise] of pages.entries()) {
        const number = first + index;
        const page = await promise;
        const skipped = position % pageSize;
        const taken = page.items.slice(skipped, skipped + limit - items.length);
        items.push(...taken);
        const left = page.items.length > skipped + taken.length;
        position = left ? position + taken.length : (number + 1) * pageSize;
        emptyPages = page.items.length > 0 ? 0 : emptyPages + 1;
        end = endAfter(page, { number, left });
        if (end) break;
      }
    } finally {
      ahead.abort();
    }
    if (items.length > before) onItems?.(items.length);
    if (end) return { items, ...end };
  }

  /** What ends the slice after a page; undefined if the next page is needed. */
  function endAfter({ next }: NumberedPage<Item>, { number, left }: { number: number; left: boolean }) {
    if (left) return { after: position };
    if (next === undefined) return {};
    if (!(next > number)) return { warnings: [incomplete.nowhere] };
    if (items.length === limit) return { after: position };
    if (emptyPages === mostEmptyPages) return { after: position, warnings: [incomplete.empty(emptyPages)] };
    return undefined;
  }
}
