/** Documents of MCP clients, cached: a host that is briefly down signs nobody out, and nobody can flood it through us. */
import { LRUCache } from 'lru-cache';
import { DocumentRefused } from './metadata-document.ts';

export type DocumentCache<T> = {
  /** What the document at an address says. @throws {DocumentRefused} */
  get(address: string): Promise<T>;
  /** The same, fetched again unless that was done in the last half minute. */
  renew(address: string): Promise<T>;
};

/** How long a document is used, in milliseconds. */
const lifetime = 5 * 60_000;

/** How long until a document is fetched again that was refused, or that is not up to date, in milliseconds. */
const shortest = 30_000;

/**
 * @param read - fetches a document, and checks it
 * @param max - the most documents to keep
 * @param now - the clock, in milliseconds since 1970
 */
export function createDocumentCache<T extends object>(
  read: (address: string) => Promise<T>,
  max: number,
  now: () => number = () => Date.now(),
): DocumentCache<T> {
  const documents = new LRUCache<string, Promise<T>>({ max, ttl: lifetime, perf: { now } });
  const lastKnown = new LRUCache<string, T>({ max });

  async function fetched(address: string): Promise<T> {
    try {
      const document = await read(address);
      lastKnown.set(address, document);
      return document;
    } catch (error) {
      const kept = documents.peek(address);
      // A fetch that was refused for lack of capacity can be tried again at once.
      if (error instanceof DocumentRefused && error.untried) documents.delete(address);
      else if (kept) documents.set(address, kept, { ttl: shortest });
      const last = lastKnown.get(address);
      if (last && error instanceof DocumentRefused && error.transient) return last;
      // It was withdrawn, or is no longer valid.
      lastKnown.delete(address);
      throw error;
    }
  }

  function fetchAndKeep(address: string): Promise<T> {
    const document = fetched(address);
    documents.set(address, document);
    return document;
  }

  return {
    get: async (address) => documents.get(address) ?? fetchAndKeep(address),
    async renew(address) {
      const isRecent = lifetime - documents.getRemainingTTL(address) < shortest;
      return (isRecent ? documents.get(address) : undefined) ?? fetchAndKeep(address);
    },
  };
}
