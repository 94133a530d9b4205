import { defineConfig } from 'vitest/config';

/** `npm run test:package`: what npm would publish, installed. It installs from the registry, so it is not part of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/package/*.test.ts'],
    globalSetup: 'test/package/pack.ts',
    // Installing takes a minute on a small machine that has none of the packages yet.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
  },
});
