/** A storage that remembers what it was given, so that a test can look at what never leaves a server. */
import { MemoryTokenStorage } from 'fastmcp/auth';
import { z } from 'zod';

const apsTokens = z
  .object({ access: z.string(), refresh: z.string() })
  .transform(({ access, refresh }) => ({ accessToken: access, refreshToken: refresh }));

export class WatchedStorage extends MemoryTokenStorage {
  /** Everything that was ever saved, oldest first. */
  readonly given: { key: string; value: unknown }[] = [];

  override async save(key: string, value: unknown, ttl?: number): Promise<void> {
    this.given.push({ key, value });
    await super.save(key, value, ttl);
  }

  /** For `closing()`. */
  close(): void {
    this.destroy();
  }

  /** The tokens of APS that came last. */
  get apsTokens() {
    return apsTokens.parse(this.#last('tokens:'));
  }

  #last(prefix: string): unknown {
    return this.given.findLast(({ key }) => key.startsWith(prefix))?.value;
  }
}
