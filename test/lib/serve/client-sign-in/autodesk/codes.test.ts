// Authorization codes by themselves: what is sealed in them comes out for a short time, and only with the key.
import { EncryptJWT, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { randomKeys } from '../../../../../lib/sealed.ts';
import { createCodes } from '../../../../../lib/serve/client-sign-in/autodesk/codes.ts';
import { later, minutes, now, seconds } from '../../../../support/clock.ts';

const keys = randomKeys();
const codes = createCodes(keys, now);
const content = {
  code: 'of APS',
  verifier: 'ours',
  client: 'a digest',
  clientName: 'A client',
  redirectUri: 'a digest',
  codeChallenge: 'theirs',
};

test('a code is opened with the key that sealed it, for five minutes', async () => {
  later(0);
  const sealed = await codes.seal(content);
  expect(await codes.open(sealed)).toEqual(content);
  later(5 * minutes - seconds);
  expect(await codes.open(sealed)).toEqual(content);
  later(2 * seconds);
  expect(await codes.open(sealed)).toBeUndefined();
});

test('two codes with the same content have nothing in common that could be compared', async () => {
  const [one = '', other = ''] = await Promise.all([codes.seal(content), codes.seal(content)]);
  expect(one.split('.').slice(2)).not.toEqual(other.split('.').slice(2));
});

test('the same code of APS has the same id, however often it is sealed, and another one has another', () => {
  expect(codes.idOf({ ...content })).toBe(codes.idOf(content));
  expect(codes.idOf({ ...content, code: 'another' })).not.toBe(codes.idOf(content));
  expect(codes.idOf(content)).not.toContain(content.code);
});

describe('not a code is', () => {
  test('one that was sealed with another key', async () => {
    expect(await createCodes(randomKeys(), now).open(await codes.seal(content))).toBeUndefined();
  });

  test('anything else sealed with the same key', async () => {
    const sealed = (claims: Record<string, unknown>, lifetime?: string) => {
      const jwt = new EncryptJWT({ content: claims }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' });
      return (lifetime ? jwt.setExpirationTime(lifetime) : jwt).encrypt(keys('authorization codes'));
    };
    later(0);
    expect(await codes.open(await sealed(content, '1m'))).toEqual(content);
    expect(await codes.open(await sealed(content))).toBeUndefined();
    expect(await codes.open(await sealed({ code: 'x' }, '1m'))).toBeUndefined();
  });

  test('one that was only signed, or nothing at all', async () => {
    const header = { alg: 'HS256' };
    const key = keys('authorization codes');
    const signed = await new SignJWT({ content })
      .setProtectedHeader(header)
      .setExpirationTime('1m')
      .sign(key);
    for (const made of [signed, '', 'x', '....']) expect(await codes.open(made)).toBeUndefined();
  });
});
