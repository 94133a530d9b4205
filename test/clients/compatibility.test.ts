// What each MCP client sends, replayed against servers of every client sign-in; and the table of it in the documentation.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ClientAuthMode } from '../../lib/config/variables.ts';
import { startSandbox } from '../../sandbox/index.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { definition as serviceAccount } from '../../servers/ssa.ts';
import { closing } from '../support/closing.ts';
import { serveWith } from '../support/signing-in.ts';
import { type Fixture, fixtures } from './fixtures.ts';
import { fetchPublished, type Observed, replay } from './replay.ts';
import { documented } from './report.ts';

const modes: readonly ClientAuthMode[] = ['autodesk', 'oidc', 'none'];

const keep = closing();
const sandbox = keep(await startSandbox());
const env = { MCP_AUTH_ISSUER: sandbox.openIdIssuer };
/** With `autodesk`, people read what is theirs; otherwise, a service account reads, so that one sign-in is all there is. */
const served = {
  autodesk: keep(await serveWith(sandbox, threeLegged, 'autodesk', { fetchDocument: fetchPublished })),
  oidc: keep(await serveWith(sandbox, serviceAccount, 'oidc', { env })),
  none: keep(await serveWith(sandbox, serviceAccount, 'none')),
};

const replays = new Map<string, Promise<Observed>>();
/** What was seen of a client; it is replayed once. */
function seen(fixture: Fixture, mode: ClientAuthMode): Promise<Observed> {
  const key = `${fixture.client} ${mode}`;
  const at = { server: served[mode].url, provider: new URL(sandbox.openIdIssuer).origin };
  const known = replays.get(key) ?? replay(fixture, mode, at);
  replays.set(key, known);
  return known;
}

describe.each(fixtures)('$client', (fixture) => {
  // Where a client is in its own way, nothing is expected of it: the table says what was seen.
  test.each(modes.filter((mode) => !fixture[mode].obstacle))(
    'gets as far as its tools with %s',
    async (mode) => {
      const { problem, renewed } = await seen(fixture, mode);
      expect(problem).toBeUndefined();
      // Another provider gives refresh tokens to those who ask for them; this server gives them to everybody.
      if (mode === 'autodesk') expect(renewed).toBe(true);
    },
  );
});

test('the documentation says what was seen', async () => {
  const rows = await Promise.all(
    fixtures.map(async (fixture) => ({
      fixture,
      autodesk: await seen(fixture, 'autodesk'),
      oidc: await seen(fixture, 'oidc'),
      none: await seen(fixture, 'none'),
    })),
  );
  const file = new URL('../../docs/compatibility.md', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const fresh = documented(text, rows);
  if (process.env.UPDATE_COMPATIBILITY === '1') writeFileSync(file, fresh);
  else expect(text, 'stale: run it with UPDATE_COMPATIBILITY=1').toBe(fresh);
});
