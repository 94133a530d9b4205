// The check of answers against Autodesk's OpenAPI documents can fail, and its exceptions are all needed.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkAnswer } from './check.ts';
import { corrections } from './corrections.ts';
import { openApi } from './operations.ts';
import { createValidators, validators, valueAt } from './schemas.ts';

const buckets = { method: 'GET', path: '/oss/v2/buckets' };
const items = [{ bucketKey: 'a', createdDate: 1, policyKey: 'transient' }];

describe('an answer', () => {
  test('that fits the documents has no problem', async () => {
    expect(await checkAnswer(buckets, Response.json({ items }))).toEqual({ problems: [], used: [] });
  });

  test.each([
    ['a status', Response.json({ items }, { status: 202 }), /^GET \/oss\/v2\/buckets 202: the document has/],
    ['a content type', new Response('x', { headers: { 'content-type': 'text/plain' } }), /200: text\/plain/],
    ['no body', new Response(null), /200: no body instead of/],
    [
      'a body that is not JSON',
      new Response('{', { headers: { 'content-type': 'application/json' } }),
      /200: \/ must/,
    ],
    ['a missing member', Response.json({}), /200: \/ must have required property 'items'/],
    [
      'a wrong type',
      Response.json({ items: [{ ...items[0], createdDate: 'x' }] }),
      /200: \/items\/0\/createdDate must/,
    ],
  ])('with %s that the document does not have has a problem', async (_case, answer, problem) => {
    const findings = await checkAnswer(buckets, answer);
    expect(findings?.problems).toEqual([expect.stringMatching(problem)]);
  });

  test('without a documented body must have none', async () => {
    const deletion = { method: 'DELETE', path: '/oss/v2/buckets/a' };
    expect((await checkAnswer(deletion, Response.json({})))?.problems).toEqual([
      'DELETE /oss/v2/buckets/{bucketKey} 200: the document has no body',
    ]);
  });

  test('of an operation that no document has is not checked', async () => {
    expect(await checkAnswer({ method: 'GET', path: '/oss/v2' }, new Response('x'))).toBeUndefined();
  });
});

describe('a correction of a document', () => {
  test.each(corrections.map((each) => [each.part, each] as const))('is needed: %s', (_part, correction) => {
    const { document, example } = correction;
    const value = valueAt(openApi().schemas.get(document), example);
    expect(value).toBeDefined();
    const schema = example.replace(/\/x-examples\/.*$/, '').replace(/\/examples\/.*$/, '/schema');
    expect(validators().at(document, schema)(value)).toBe(true);
    const others = corrections.filter((each) => each !== correction && each.document === document);
    expect(createValidators(others).at(document, schema)(value)).toBe(false);
  });
});

test('every test that starts a sandbox goes through the check', () => {
  const folder = new URL('../../', import.meta.url);
  const around = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && file !== 'sandbox/openapi/exceptions.test.ts')
    .filter((file) =>
      /import \{[^}]*\b(startSandbox|createSandboxApp)\b[^}]*\} from '[./]+\/sandbox\/index\.ts'/.test(
        readFileSync(new URL(file, folder), 'utf8'),
      ),
    );
  expect(around).toEqual([]);
});
