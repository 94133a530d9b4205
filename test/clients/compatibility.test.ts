// What each MCP client sends, replayed against servers of every client sign-in; and the table of it in the documentation.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { definition as serviceAccount } from '../../servers/ssa.ts';
import { closing } from '../support/closing.ts';
import { startSandbox } from '../support/sandbox.ts';
import { serveWith } from '../support/signing-in.ts';
import { type Fixture, fixtures } from './fixtures.ts';
import { fetchPublished, type Observed, type RecordedMode, refusedFrom, replay } from './replay.ts';
import { documented } from './report.ts';

const modes: readonly RecordedMode[] = ['autodesk', 'oidc', 'none'];

const keep = closing();
// More calls in a minute than APS allows an application.
const sandbox = keep(await startSandbox({ rateLimits: false }));
const env = { MCP_AUTH_ISSUER: sandbox.openIdIssuer };
const key = 'Key-of-a-client.'.repeat(2);
/** With `autodesk`, people read what is theirs; otherwise, a service account reads, so that one sign-in is all there is. */
const served = {
  autodesk: keep(await serveWith(sandbox, threeLegged, 'autodesk', { fetchDocument: fetchPublished })),
  oidc: keep(await serveWith(sandbox, serviceAccount, 'oidc', { env })),
  none: keep(await serveWith(sandbox, serviceAccount, 'none')),
  key: keep(await serveWith(sandbox, serviceAccount, 'key', { env: { MCP_API_KEYS: `client=${key}` } })),
};

const replays = new Map<string, Promise<Observed>>();
/** What was seen of a client; it is replayed once. */
function seen(fixture: Fixture, mode: RecordedMode | 'key'): Promise<Observed> {
  const name = `${fixture.client} ${mode}`;
  const at = { server: served[mode].url, provider: new URL(sandbox.openIdIssuer).origin, key };
  const known = replays.get(name) ?? replay(fixture, mode, at);
  replays.set(name, known);
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

  test('gets as far as its tools with key', async () => {
    expect((await seen(fixture, 'key')).problem).toBeUndefined();
  });

  test.each([
    ['without a key', undefined, 'A key is missing'],
    ['with a wrong key', key.replace('K', 'k'), 'This key is not valid here'],
  ])('%s, is told so and finds no sign-in', async (_what, wrong, message) => {
    const refused = await refusedFrom(fixture, served.key.url, wrong);
    expect(refused.ways).toEqual([]);
    expect(refused.message).toContain(message);
  });
});

test('the documentation says what was seen', async () => {
  const rows = await Promise.all(
    fixtures.map(async (fixture) => ({
      fixture,
      autodesk: await seen(fixture, 'autodesk'),
      oidc: await seen(fixture, 'oidc'),
      none: await seen(fixture, 'none'),
      key: await seen(fixture, 'key'),
      withoutKey: await refusedFrom(fixture, served.key.url),
    })),
  );
  const file = new URL('../../docs/compatibility.md', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const fresh = documented(text, rows);
  if (process.env.UPDATE_COMPATIBILITY === '1') writeFileSync(file, fresh);
  else expect(text, 'stale: run it with UPDATE_COMPATIBILITY=1').toBe(fresh);
});
