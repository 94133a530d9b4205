// What a server seals and gets back, and the keys for it: one for each purpose, the same wherever the secret is the same.
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createKeys, createSealed, randomKeys } from '../../lib/sealed.ts';
import { later, now, seconds } from '../support/clock.ts';

const secret = 'a secret that all instances of a deployment share';
const owner = { server: '3lo', origin: 'https://mcp.example.com' };
/** A key in hexadecimal. */
const hex = (key: Uint8Array) => Buffer.from(key).toString('hex');

test('each key has 32 bytes, and is the same for the same secret, server and purpose', () => {
  const [one, other] = [createKeys([secret], owner), createKeys([secret], { ...owner })];
  expect(one('sessions')).toHaveLength(32);
  expect(one('sessions')).toEqual(other('sessions'));
  expect(one('sessions')).toEqual(one('sessions'));
});

test('no two purposes have the same key, however alike their names are', () => {
  const keys = createKeys([secret], owner);
  const purposes = ['sessions', 'session', 'sessions ', 'questions', 'access tokens', 'MCP clients', ''];
  expect(new Set(purposes.map((purpose) => hex(keys(purpose)))).size).toBe(purposes.length);
});

test('servers that share a secret have no key in common, unless their name and their address are the same', () => {
  const owners = [
    owner,
    { ...owner, server: '2lo' },
    { ...owner, origin: 'https://mcp.example' },
    { ...owner, origin: 'https://mcp.example.com:8443' },
    { ...owner, origin: 'http://mcp.example.com' },
    { server: '3', origin: `lo${owner.origin}` },
    { server: `3lo","${owner.origin}`, origin: '' },
  ];
  expect(new Set(owners.map((each) => hex(createKeys([secret], each)('sessions')))).size).toBe(owners.length);
});

test('another secret gives another key, and so does each process that has none', () => {
  const keys = [secret, `${secret} `].map((each) => createKeys([each], owner));
  expect(new Set([...keys, randomKeys(), randomKeys()].map((each) => hex(each('sessions')))).size).toBe(4);
});

test('a key tells nothing of the secret', () => {
  expect(Buffer.from(createKeys([secret], owner)('sessions')).toString('latin1')).not.toContain('secret');
});

test('instances of different versions agree on it: HKDF with SHA-256 and no salt (RFC 5869)', () => {
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(secret).digest();
  const info = '["aps-mcp-servers","3lo","https://mcp.example.com","sessions"]\u0001';
  const expanded = createHmac('sha256', extracted).update(info).digest();
  expect(Buffer.from(createKeys([secret], owner)('sessions'))).toEqual(expanded);
});

describe('what is sealed', () => {
  const schema = z.object({ text: z.string() });
  const content = { text: 'a verifier, and 日本語' };
  const lifetime = 600;
  const keys = createKeys([secret], owner);
  const sealed = createSealed(keys, 'sign-ins', schema, lifetime, now);

  test('is opened by every instance with the same secret, for its lifetime', async () => {
    later(0);
    const text = await sealed.seal(content);
    const expiresAt = Math.floor(now() / 1000 + lifetime) * 1000;
    const elsewhere = createSealed(createKeys([secret], owner), 'sign-ins', schema, lifetime, now);
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
    ['another secret', createSealed(createKeys([`${secret}!`], owner), 'sign-ins', schema, lifetime)],
    [
      'another name',
      createSealed(createKeys([secret], { ...owner, server: 'pkce' }), 'sign-ins', schema, lifetime),
    ],
    [
      'another address',
      createSealed(
        createKeys([secret], { ...owner, origin: 'https://mcp.example' }),
        'sign-ins',
        schema,
        lifetime,
      ),
    ],
    ['no secret, in another process', createSealed(randomKeys(), 'sign-ins', schema, lifetime)],
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
