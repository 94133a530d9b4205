// Numbered pages, fetched side by side: everything once and in order, in few rounds, and never too many at once.
import { describe, expect, test } from 'vitest';
import { collectPages, type NumberedPage, pageSize } from '../../../lib/aps/paging.ts';

/** What is asked for together, and how many at once at most. */
type Rounds = number[][];

/** A listing of the numbers from 0, and the rounds in which its pages were asked for. Answers come last first. */
function listing(
  total: number,
  changes: (page: number) => Promise<NumberedPage<number>> | undefined = () => undefined,
) {
  const rounds: Rounds = [];
  let waiting: (() => void)[] = [];
  const fetchPage = async (page: number): Promise<NumberedPage<number>> => {
    if (waiting.length === 0) {
      rounds.push([]);
      setImmediate(() => {
        const round = waiting.reverse();
        waiting = [];
        for (const answer of round) answer();
      });
    }
    rounds.at(-1)?.push(page);
    await new Promise<void>((resolve) => waiting.push(resolve));
    const start = page * pageSize;
    const items = Array.from({ length: Math.max(0, Math.min(pageSize, total - start)) }, (_, i) => start + i);
    return changes(page) ?? { items, next: start + pageSize < total ? page + 1 : undefined };
  };
  return { fetchPage, rounds };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('a stretch', () => {
  test.each([
    [0, 0, 10],
    [1, 0, 1],
    [199, 0, 1000],
    [200, 0, 200],
    [200, 0, 201],
    [201, 0, 200],
    [400, 0, 400],
    [400, 200, 200],
    [600, 0, 10_000],
    [1203, 0, 1000],
    [1203, 0, 1203],
    [1203, 0, 10_000],
    [1203, 7, 3],
    [1203, 150, 100],
    [1203, 199, 1],
    [1203, 199, 202],
    [1203, 1000, 1000],
    [1203, 1202, 1],
    [1203, 1203, 5],
    [10_000, 0, 10_000],
    [10_001, 333, 9000],
  ])('of %i items, from %i on and %i at most, is whole and in order', async (total, from, limit) => {
    const { items, after } = await collectPages(listing(total).fetchPage, { from, limit });
    const end = Math.min(total, from + limit);
    expect(items).toEqual(range(from, end));
    expect(after).toBe(end < total ? end : undefined);
  });

  test('without a place to begin is from the beginning', async () => {
    expect((await collectPages(listing(3).fetchPage, { limit: 2 })).items).toEqual([0, 1]);
  });

  test.each([1, 7, 97, 200, 250, 599, 1203])('of %i goes on where the one before it ended', async (limit) => {
    const { fetchPage } = listing(1203);
    const found: number[] = [];
    for (let from: number | undefined = 0; from !== undefined; ) {
      const { items, after }: { items: number[]; after?: number } = await collectPages(fetchPage, {
        from,
        limit,
      });
      found.push(...items);
      from = after;
    }
    expect(found).toEqual(range(0, 1203));
  });

  test.each([1, 7, 130, 180, 250, 1000])(
    'of %i is whole too when pages in the middle are shorter than they might be',
    async (limit) => {
      const present = range(0, 1203).filter((item) => item % pageSize < 150 || item >= 1000);
      const { fetchPage } = listing(1203, async (page) => ({
        items: present.filter((item) => Math.floor(item / pageSize) === page),
        next: page < 6 ? page + 1 : undefined,
      }));
      const found: number[] = [];
      for (let from: number | undefined = 0; from !== undefined; ) {
        const { items, after }: { items: number[]; after?: number } = await collectPages(fetchPage, {
          from,
          limit,
        });
        if (after !== undefined) expect(items).toHaveLength(limit);
        found.push(...items);
        from = after;
      }
      expect(found).toEqual(present);
    },
  );
});

describe('pages', () => {
  test('of 1,203 items arrive in two rounds after the first', async () => {
    const { fetchPage, rounds } = listing(1203);
    await collectPages(fetchPage, { limit: 10_000 });
    expect(rounds).toEqual([[0], [1, 2], [3, 4, 5, 6]]);
  });

  test('are never asked for more than 8 at once', async () => {
    const { fetchPage, rounds } = listing(10_000);
    await collectPages(fetchPage, { limit: 10_000 });
    expect(rounds.map((round) => round.length)).toEqual([1, 2, 4, 8, 8, 8, 8, 8, 3]);
    expect(rounds.flat()).toEqual(range(0, 50));
  });

  test('that are not wanted are not asked for', async () => {
    const { fetchPage, rounds } = listing(10_000);
    await collectPages(fetchPage, { from: 390, limit: 620 });
    expect(rounds).toEqual([[1], [2, 3], [4, 5]]);
  });

  test('after the first are not asked for when it is all there is', async () => {
    const { fetchPage, rounds } = listing(200);
    await collectPages(fetchPage, { limit: 10_000 });
    expect(rounds).toEqual([[0]]);
  });
});

describe('an error', () => {
  const failing = (...pages: number[]) =>
    async function fail(page: number): Promise<never> {
      throw new Error(`page ${page} of ${pages}`);
    };
  const only =
    (...pages: number[]) =>
    (page: number) =>
      pages.includes(page) ? failing(...pages)(page) : undefined;

  test.each([
    [200, [1, 2]],
    [850, [5, 6]],
    [1203, [7, 8]],
  ])('of pages beyond the end of %i items is ignored', async (total, pages) => {
    const { fetchPage } = listing(total, only(...pages));
    const { items, after } = await collectPages(fetchPage, { limit: 10_000 });
    expect(items).toEqual(range(0, total));
    expect(after).toBeUndefined();
  });

  test.each([0, 1, 2, 3, 6])('of page %i, which is needed, is thrown', async (page) => {
    const { fetchPage } = listing(1203, only(page));
    await expect(collectPages(fetchPage, { limit: 10_000 })).rejects.toThrow(`page ${page} of`);
  });

  test('of the first page that failed is the one that is thrown', async () => {
    const { fetchPage } = listing(1203, only(4, 3, 5));
    await expect(collectPages(fetchPage, { limit: 10_000 })).rejects.toThrow('page 3 of');
  });

  test('ends the listing: no further round is asked for', async () => {
    const { fetchPage, rounds } = listing(10_000, only(2));
    await expect(collectPages(fetchPage, { limit: 10_000 })).rejects.toThrow('page 2 of');
    expect(rounds).toEqual([[0], [1, 2]]);
  });
});

describe('progress', () => {
  async function heard(total: number, stretch: { from?: number; limit: number }): Promise<number[]> {
    const counts: number[] = [];
    await collectPages(listing(total).fetchPage, { ...stretch, onItems: (count) => counts.push(count) });
    return counts;
  }

  test.each([
    [1203, { limit: 10_000 }, [200, 600, 1203]],
    [1203, { limit: 500 }, [200, 500]],
    [1203, { from: 150, limit: 500 }, [50, 450, 500]],
    [400, { limit: 10_000 }, [200, 400]],
    [0, { limit: 10 }, []],
  ])('of %i items, %j, is how many of those that are wanted are there', async (total, stretch, counts) => {
    expect(await heard(total, stretch)).toEqual(counts);
  });

  test('only grows, also when a round brings nothing', async () => {
    const { fetchPage } = listing(1400, async (page) => ({
      items: page === 1 || page === 2 ? [] : [page],
      next: page < 6 ? page + 1 : undefined,
    }));
    const counts: number[] = [];
    await collectPages(fetchPage, { limit: 10_000, onItems: (count) => counts.push(count) });
    expect(counts).toEqual([1, 5]);
  });
});
