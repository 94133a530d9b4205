import { defineConfig } from 'vitest/config';

/** The tests of what is published: they build it, and so take long. */
export default defineConfig({
  test: {
    include: ['test/package/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
