// A process that is killed while it writes to a store in a file: what it had written is there, and others go on.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { openStore } from '../../../lib/store/open.ts';
import { newFolder } from '../../support/folder.ts';
import { nodeArguments, pathOf, runNode } from '../../support/programs.ts';

const secret = 'a-secret-of-a-store-0123456789-abcdef';

/** Writes numbers as fast as it can, and says which it has written. */
const program = `
const { openStore } = await import(process.argv[1]);
const { store } = await openStore(process.argv[2], [${JSON.stringify(secret)}]);
for (let n = 0; ; n += 1) {
  await store.set('count:' + (n % 10), n, 60);
  process.stdout.write(n + '\\n');
  if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
}`;

test('loses nothing that it said was written, and leaves the store fit for use', async () => {
  const url = `file:${join(await newFolder(), 'store.db')}`;
  const { store } = await openStore(url, [secret]);
  const [flag = '', loader = ''] = nodeArguments('servers/2lo.ts');
  for (let round = 0; round < 2; round += 1) {
    const module = pathToFileURL(pathOf('lib/store/open.ts')).href;
    const writer = await runNode([flag, loader, '--input-type=module', '--eval', program, module, url]);
    await expect
      .poll(() => writer.output.stdout.length, { timeout: 20_000, interval: 5 })
      .toBeGreaterThan(500);
    writer.signal('SIGKILL');
    const { stdout } = await writer.ended;
    const said = Number(stdout.trimEnd().split('\n').slice(0, -1).at(-1));
    const there = await Promise.all(Array.from({ length: 10 }, (_, index) => store.get(`count:${index}`)));
    expect(Math.max(...there.map(Number))).toBeGreaterThanOrEqual(said);
    await store.check();
  }
  await store.close();
});
