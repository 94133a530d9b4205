// Strangers who start sign-ins: they fill nothing, and displace nobody.
import { expect, test } from 'vitest';
import { closing } from '../../../../support/closing.ts';
import { decide, shown } from '../../../../support/consent.ts';
import { clientCallback } from '../../../../support/oauth-client.ts';
import { call, codeForm, tokensFor } from '../../../../support/oauth-requests.ts';
import { alice } from '../../../../support/people.ts';
import { serveAutodesk, startAutodesk } from '../../../../support/serving-autodesk.ts';
import { watchedStore } from '../../../../support/watched-store.ts';
import { openBrowser } from '../../../../support/web-browser.ts';

const keep = closing();
const { sandbox } = await startAutodesk();

test('300 sign-ins that a stranger starts leave nothing in the store, and one from before them succeeds', async () => {
  const store = keep(watchedStore());
  const served = keep(await serveAutodesk(sandbox, { store }));
  const browser = openBrowser();
  const form = await codeForm(served, {
    async person(address) {
      const consent = await browser.open(address, clientCallback);
      const { url } = await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`);
      const stranger = await shown(served, { state: 'x'.repeat(1000) });
      for (let posted = 0; posted < 300; posted += 50) {
        const batch = Array.from({ length: 50 }, () =>
          decide(served, { form: stranger.form, decision: 'allow' }, stranger.cookie),
        );
        for (const { status } of await Promise.all(batch)) expect(status).toBe(303);
      }
      expect(store.given).toEqual([]);
      return (await browser.open(await sandbox.signIn(url, alice), clientCallback)).url;
    },
  });
  expect(store.given).toEqual([]);
  const { access } = await tokensFor(served, form);
  expect((await call(served, access)).body).toContain(alice.hubs[0]);
});
