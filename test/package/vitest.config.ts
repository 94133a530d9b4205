/** `npm run test:package`: apart from `npm test`, because it installs the package, from the registry or the cache of npm. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/package/*.test.ts'], hookTimeout: 300_000, testTimeout: 60_000 },
});
