import { defineConfig } from 'vitest/config';

/**
 * The tests that take the pictures of the documentation, for `npm run docs:check`. `npm test` runs those in `test/e2e` too; those
 * in `test/pictures` need more than Node.js and Chromium, such as a program from the registry.
 */
export default defineConfig({
  test: {
    include: ['test/e2e/*.test.ts', 'test/pictures/*.test.ts'],
    isolate: false,
    globalSetup: ['test/sandbox/openapi/count.ts', 'test/support/bundled-command.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
