// Servers that share a SESSION_SECRET: the instances of one deployment understand each other, and nobody else does.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { closing } from '../../../support/closing.ts';
import { decide, shown } from '../../../support/consent.ts';
import { clientCallback } from '../../../support/oauth-client.ts';
import { askToken, authorizeAddress, codeForm, newClient } from '../../../support/oauth-requests.ts';
import { inNewestEra } from '../../../support/oidc.ts';
import { alice } from '../../../support/people.ts';
import { send } from '../../../support/raw-http.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import { serveWith } from '../../../support/signing-in.ts';
import { openBrowser } from '../../../support/web-browser.ts';

const keep = closing();
const sandbox = keep(await startSandbox());
const secret = 'a secret that all instances of a deployment share';
const published = 'https://client.example/client.json';
const renamed = { ...threeLegged, name: 'another' };

/** A server, another instance of it, and two that only have its secret. */
async function startServers(clientAuth: 'autodesk' | 'none') {
  const fetchDocument = async (client_id: string) => ({
    ...{ client_id, client_name: 'Published' },
    redirect_uris: [clientCallback],
  });
  const serve = async (definition: typeof threeLegged, publicUrl?: string) =>
    keep(await serveWith(sandbox, definition, clientAuth, { secret, fetchDocument, publicUrl }));
  const one = await serve(threeLegged);
  return {
    one,
    'another instance': await serve(threeLegged, one.url),
    'a server of another name': await serve(renamed, one.url),
    'a server at another address': await serve(threeLegged),
  };
}
const servers = await startServers('autodesk');
const withoutClientSignIn = await startServers('none');

type Others = Exclude<keyof typeof servers, 'one'>;
const others: [name: Others, isSame: boolean][] = [
  ['another instance', true],
  ['a server of another name', false],
  ['a server at another address', false],
];

describe.each(others)('at %s is accepted (%s)', (name, isSame) => {
  const [one, other] = [servers.one, servers[name]];

  test('a registration', async () => {
    const address = authorizeAddress(other, await newClient(one), { resource: undefined });
    expect((await send(address)).status === 200).toBe(isSame);
  });

  test('a form', async () => {
    const { form, cookie } = await shown(one);
    expect((await decide(other, { form, decision: 'allow' }, cookie)).status === 303).toBe(isSame);
  });

  test('a sign-in under way', async () => {
    const browser = openBrowser();
    const consent = await browser.open(authorizeAddress(one, published), clientCallback);
    const { url } = await browser.submit(consent, { decision: 'allow' }, `${sandbox.url}/`);
    const { search } = await sandbox.signIn(url, alice);
    const page = await browser.open(`${other.url}/callback${search}`, clientCallback);
    expect(page.url.searchParams.has('code') && page.url.href.startsWith(clientCallback)).toBe(isSame);
  });

  test('a code', async () => {
    const { resource: _, ...form } = await codeForm(one, { clientId: published });
    const { status, json } = await askToken(other, form);
    expect([status, json.error]).toEqual(isSame ? [200, undefined] : [400, 'invalid_grant']);
  });

  test('the state of a question', async () => {
    const ask = async ({ url }: { url: string }, further = {}) => {
      const { body } = await inNewestEra(url, 'list_hubs', {}, further);
      return JSON.parse(body.replace(/^.*?data: /s, ''));
    };
    const question = z.object({ result: z.object({ requestState: z.string() }) });
    const { requestState } = question.parse(await ask(withoutClientSignIn.one)).result;
    const answer = { inputResponses: { sign_in: { action: 'decline' } }, requestState };
    expect(await ask(withoutClientSignIn[name], answer)).toMatchObject(
      isSame ? { result: { isError: true } } : { error: { message: 'Invalid or expired requestState' } },
    );
  });
});
