import { defineConfig } from 'vitest/config';

const timeouts = { testTimeout: 30_000, hookTimeout: 30_000 };

export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      {
        // Files share the modules that they import, which takes as long again as the tests: none may change them.
        test: {
          ...timeouts,
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/scripts/**'],
          isolate: false,
        },
      },
      {
        test: { ...timeouts, name: 'programs', include: ['test/{e2e,scripts}/**/*.test.ts'] },
      },
    ],
  },
});
