// What a server seals and gets back, and the keys for it: one for each purpose, the same wherever the secret is the same.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createKeys, createSealed } from '../../lib/sealed.ts';
import { later, now, seconds } from '../support/clock.ts';

const secret = 'a secret that all instances of a deployment share';

test('each key has 32 bytes, and is the same for the same secret and purpose', () => {
  const [one, other] = [createKeys(secret), createKeys(Buffer.from(secret))];
  expect(one('sessions')).toHaveLength(32);
  expect(one('sessions')).toEqual(other('sessions'));
  expect(one('sessions')).toEqual(one('sessions'));
});

test('no two purposes have the same key, however alike their names are', () => {
  const keys = createKeys(secret);
  const purposes = ['sessions', 'session', 'sessions ', 'questions', 'access tokens', 'MCP clients', ''];
  const different = new Set(purposes.map((purpose) => Buffer.from(keys(purpose)).toString('hex')));
  expect(different.size).toBe(purposes.length);
});

test('another secret gives another key, and so does each process that has none', () => {
  const keys = [secret, `${secret} `, undefined, undefined].map((each) => createKeys(each)('sessions'));
  expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(4);
});

test('a key tells nothing of the secret', () => {
  expect(Buffer.from(createKeys(secret)('sessions')).toString('latin1')).not.toContain('secret');
});

test('instances of different versions agree on it: HKDF with SHA-256 and no salt (RFC 5869)', () => {
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(secret).digest();
  const expanded = createHmac('sha256', extracted).update('aps-mcp-servers sessions\u0001').digest();
  expect(Buffer.from(createKeys(secret)('sessions'))).toEqual(expanded);
});

describe('what is sealed', () => {
  const schema = z.object({ text: z.string() });
  const content = { text: 'a verifier, and 日本語' };
  const lifetime = 600;
  const keys = createKeys(secret);
  const sealed = createSealed(keys, 'sign-ins', schema, lifetime, now);

  test('is opened by every instance with the same secret, for its lifetime', async () => {
    later(0);
    const text = await sealed.seal(content);
    const expiresAt = Math.floor(now() / 1000 + lifetime) * 1000;
    const elsewhere = createSealed(createKeys(secret), 'sign-ins', schema, lifetime, now);
    expect(await elsewhere.open(text)).toEqual({ content, expiresAt });
    later((lifetime - 1) * seconds);
    expect(await elsewhere.open(text)).toEqual({ content, expiresAt });
    later(2 * seconds);
    expect(await elsewhere.open(text)).toBeUndefined();
  });

  test('can expire sooner than usual', async () => {
    later(0);
    const text = await sealed.seal(content, now() + 10 * seconds);
    expect((await sealed.open(text))?.content).toEqual(content);
    later(11 * seconds);
    expect(await sealed.open(text)).toBeUndefined();
  });

  test.each([
    ['another purpose', createSealed(keys, 'sign-ins ', schema, lifetime)],
    ['another secret', createSealed(createKeys(`${secret}!`), 'sign-ins', schema, lifetime)],
    ['no secret, in another process', createSealed(createKeys(), 'sign-ins', schema, lifetime)],
    ['another form', createSealed(keys, 'sign-ins', z.object({ id: z.string() }), lifetime)],
  ])('is not opened with %s', async (_what, other) => {
    expect(await other.open(await sealed.seal(content))).toBeUndefined();
  });

  test('is nothing when any part of it is changed, and neither is anything else', async () => {
    const [text, other] = [await sealed.seal(content), (await sealed.seal(content)).split('.')];
    const mixed = text.split('.').map((_part, at, parts) => parts.with(at, other[at] ?? '').join('.'));
    for (const made of [...mixed.filter((it) => it !== text), `${text}x`, text.slice(1), '', '....', 'a.b.c'])
      expect(await sealed.open(made)).toBeUndefined();
  });

  test('has only characters that APS allows in state, and shows nothing of what is inside', async () => {
    const text = await sealed.seal(content);
    expect(text).toMatch(/^[\w.-]+$/);
    const parts = text.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect(parts.join()).not.toContain('verifier');
    expect(await sealed.seal(content)).not.toBe(text);
  });
});
