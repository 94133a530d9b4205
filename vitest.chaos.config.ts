import { defineConfig } from 'vitest/config';

/** `npm run test:chaos`: faults and loads, in full. They take minutes, so `npm test` runs only a part of some. */
export default defineConfig({
  test: {
    include: [
      'test/chaos/*.test.ts',
      'test/lib/serve/client-sign-in/oidc-isolation.test.ts',
      'test/lib/serve/client-sign-in/autodesk/revocation-races.test.ts',
    ],
    env: { TEST_IN_FULL: '1' },
    globalSetup: ['test/sandbox/openapi/count.ts', 'test/support/bundled-command.ts'],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
