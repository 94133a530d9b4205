import { configDefaults, defineConfig } from 'vitest/config';
import { DefaultReporter, type TestModule } from 'vitest/node';

/** Progress at a terminal, failures in full, what was skipped, and the sums: not every file, nor what took long. */
class ShortReporter extends DefaultReporter {
  protected override printTestModule(testModule: TestModule): void {
    const { done } = testModule.children.allTests('skipped').next();
    if (this.renderSucceed || !done || testModule.state() === 'failed') super.printTestModule(testModule);
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // `npm run test:package` and `npm run test:chaos` run these.
    exclude: [...configDefaults.exclude, 'test/package/**', 'test/chaos/**'],
    // Files share the modules that they import, which takes as long again as the tests: none may change them.
    isolate: false,
    maxWorkers: '100%',
    globalSetup: ['test/sandbox/openapi/count.ts', 'test/support/bundled-command.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: [new ShortReporter(), ...(process.env.GITHUB_ACTIONS ? ['github-actions'] : [])],
    // A start of a program takes longer than a second on a small machine: only what takes much longer is slow.
    slowTestThreshold: 10_000,
  },
});
