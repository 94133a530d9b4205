import { defineConfig } from 'vitest/config';

/** `npm run test:inspector`: MCP Inspector's page in a browser. It installs from the registry, so it is not part of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/inspector/*.test.ts'],
    // MCP Inspector needs a newer Node.js than this project, and brings it.
    globalSetup: ['test/sandbox/openapi/count.ts', 'test/inspector/install.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
