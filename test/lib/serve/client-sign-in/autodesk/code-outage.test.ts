// A store that fails while a code is redeemed: the client is told to try again only if that can work.
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../../../../lib/store/backend.ts';
import { memoryBackend } from '../../../../../lib/store/memory.ts';
import { askToken, call, codeForm, newPkce, tokensFor } from '../../../../support/oauth-requests.ts';
import { serveAutodesk, startAutodesk } from '../../../../support/serving-autodesk.ts';
import { kindOf, outage, watchedStore } from '../../../../support/watched-store.ts';

const { keep, sandbox } = await startAutodesk();

type Operation = 'get' | 'write';

/** A backend that can fail as Redis does: an operation takes effect, no answer comes, and nothing works from then on. */
function fragile() {
  const inner = memoryBackend();
  let isDown = false;
  let last = '';
  const failing =
    <Args extends [key: string, ...rest: never[]], T>(
      operation: string,
      work: (...args: Args) => Promise<T>,
    ): ((...args: Args) => Promise<T>) =>
    async (...args) => {
      if (isDown) await outage();
      const answer = await work(...args);
      isDown = `${operation} ${kindOf(args[0])}` === last;
      if (isDown) await outage();
      return answer;
    };
  const backend: Backend = {
    ...inner,
    get: failing('get', inner.get),
    set: failing('write', inner.set),
    add: failing('write', inner.add),
    delete: failing('delete', inner.delete),
  };
  return {
    backend,
    failAt(operation: Operation, kind: string) {
      last = `${operation} ${kind}`;
    },
    recover() {
      [isDown, last] = [false, ''];
    },
  };
}

/** A server with such a store, and a code for it. */
async function withCode() {
  const { backend, failAt, recover } = fragile();
  const store = watchedStore(backend);
  const served = keep(await serveAutodesk(sandbox, { store }));
  const form = await codeForm(served);
  const marks = async () => (await store.left()).map(kindOf).filter((kind) => kind.startsWith('code-'));
  return { store, served, form, failAt, recover, marks };
}

describe('a store that fails', () => {
  test.each<[Operation, string]>([
    ['write', 'code-redeeming'],
    ['get', 'code-spent'],
    ['get', 'grant-ended'],
  ])('at “%s %s”, before APS has the code, leaves the code as it was', async (operation, kind) => {
    const { served, form, failAt, recover, marks } = await withCode();
    failAt(operation, kind);
    const { status, headers, json } = await askToken(served, form);
    expect([status, headers['retry-after'], json.error]).toEqual([503, '5', 'temporarily_unavailable']);
    recover();
    await expect.poll(marks, { timeout: 10_000 }).toEqual([]);
    const { access } = await tokensFor(served, form);
    expect((await call(served, access)).status).toBe(200);
  });

  test.each<[Operation, string]>([
    ['write', 'tokens'],
    ['write', 'signed-in'],
    ['write', 'grant'],
    ['write', 'refresh'],
    ['get', 'code-replayed'],
  ])('at “%s %s”, after APS has taken the code, sends the person to sign in', async (operation, kind) => {
    const { served, form, failAt, recover } = await withCode();
    failAt(operation, kind);
    expect(await askToken(served, form)).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant', error_description: expect.stringContaining('sign in again') },
    });
    recover();
    const { access } = await tokensFor(served, await codeForm(served));
    expect((await call(served, access)).status).toBe(200);
  });

  test('when a code comes with a wrong verifier makes it worth no more: it is worth nothing when the store is back', async () => {
    const { store, served, form, marks } = await withCode();
    let isDown = false;
    store.pause = async (operation, key) => {
      isDown ||= operation === 'write' && kindOf(key) === 'code-spent';
      if (isDown) await outage();
    };
    const invalidGrant = { status: 400, json: { error: 'invalid_grant' } };
    const wrong = { ...form, code_verifier: newPkce().verifier };
    expect(await askToken(served, wrong)).toMatchObject(invalidGrant);
    store.pause = async () => {};
    await expect.poll(marks, { timeout: 10_000 }).toEqual(['code-spent']);
    expect(await askToken(served, form)).toMatchObject(invalidGrant);
  });
});
