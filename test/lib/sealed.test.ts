// The keys of a deployment: one for each purpose, the same wherever the secret is the same.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { createKeys } from '../../lib/sealed.ts';

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
