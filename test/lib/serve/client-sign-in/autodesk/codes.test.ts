// Authorization codes by themselves: what is sealed in them comes out again for a short time, and only with the key.
import { EncryptJWT, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { createCodes } from '../../../../../lib/serve/client-sign-in/autodesk/codes.ts';
import { createKeys } from '../../../../../lib/serve/keys.ts';
import { later, minutes, seconds } from '../../../../support/clock.ts';

const key = createKeys()('codes');
const codes = createCodes(key);
const content = {
  code: 'the-proxy’s',
  clientName: 'A client',
  clientId: 'a-client',
  redirectUri: 'http://localhost/',
  proxyClient: 'x',
};

test('a code is opened with the key that it was sealed with, for five minutes', async () => {
  later(0);
  const sealed = await codes.seal(content);
  expect(await codes.open(sealed)).toEqual(content);
  later(5 * minutes - seconds);
  expect(await codes.open(sealed)).toEqual(content);
  later(2 * seconds);
  expect(await codes.open(sealed)).toBeUndefined();
});

test('two codes with the same content look nothing alike', async () => {
  const [one = '', other = ''] = await Promise.all([codes.seal(content), codes.seal(content)]);
  expect(one.split('.').slice(2)).not.toEqual(other.split('.').slice(2));
});

describe('it is no code if', () => {
  test('it was sealed with another key', async () => {
    expect(await createCodes(createKeys()('codes')).open(await codes.seal(content))).toBeUndefined();
  });

  test('it is something else, sealed with the same key', async () => {
    const sealed = (typ: string, claims: object, lifetime?: string) => {
      const jwt = new EncryptJWT({ ...claims }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ });
      return (lifetime ? jwt.setExpirationTime(lifetime) : jwt).encrypt(key);
    };
    expect(await codes.open(await sealed('mcp-code', content, '1m'))).toEqual(content);
    expect(await codes.open(await sealed('mcp-form', content, '1m'))).toBeUndefined();
    expect(await codes.open(await sealed('mcp-code', content))).toBeUndefined();
    expect(await codes.open(await sealed('mcp-code', { code: 'x' }, '1m'))).toBeUndefined();
  });

  test('it was only signed, or is nothing at all', async () => {
    const header = { alg: 'HS256', typ: 'mcp-code' };
    const signed = await new SignJWT(content).setProtectedHeader(header).setExpirationTime('1m').sign(key);
    for (const made of [signed, '', 'x', '....']) expect(await codes.open(made)).toBeUndefined();
  });
});
