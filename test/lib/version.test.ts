import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { version } from '../../lib/version.ts';

test('the version that servers announce is that of package.json', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(version).toBe(manifest.version);
});
