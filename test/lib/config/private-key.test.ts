// APS_SSA_KEY_BASE64: which keys are taken, and what a person is told of those that are not.
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { apsServiceAccount } from '../../../lib/config/aps-variables.ts';
import { readSettings } from '../../../lib/config/settings.ts';
import { problemOf } from '../../support/settings.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const edwards = generateKeyPairSync('ed25519').privateKey;

const passphrase = { cipher: 'aes-256-cbc', passphrase: 'a-passphrase' };
const pkcs1 = pemOf(privateKey, 'pkcs1');
const pkcs8 = pemOf(privateKey, 'pkcs8');

function pemOf(key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1', options: object = {}): string {
  return key.export({ type, format: 'pem', ...options }).toString();
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const wrapped = (text: string, newline: string) => text.replace(/.{76}/g, `$&${newline}`);

function read(value: string): KeyObject {
  return readSettings(apsServiceAccount, {
    APS_CLIENT_ID: 'an-id',
    APS_CLIENT_SECRET: 'a-secret',
    APS_SSA_ID: 'an-account',
    APS_SSA_KEY_ID: 'a-key',
    APS_SSA_KEY_BASE64: value,
  }).APS_SSA_KEY_BASE64;
}

const refusal = (value: string) => problemOf(() => read(value));

/** Every eight characters in a row of a value, and of the text in it, but for the lines around the key in a PEM. */
function piecesOf(value: string): string[] {
  const texts = [value, Buffer.from(value, 'base64').toString('latin1')];
  const lines = texts
    .flatMap((text) => text.split(/\r?\n/))
    .filter((line) => !/^-----|^Proc-Type/.test(line));
  return lines.flatMap((line) =>
    Array.from({ length: Math.max(0, line.length - 7) }, (_, index) => line.slice(index, index + 8)),
  );
}

describe('a key is taken', () => {
  test.each([
    ['as PKCS#1, the form that APS gives out', base64(pkcs1)],
    ['as PKCS#8', base64(pkcs8)],
    ['with the line breaks that base64 puts in', wrapped(base64(pkcs1), '\n')],
    ['with line breaks of Windows', `${wrapped(base64(pkcs8), '\r\n')}\r\n`],
    ['with blanks around it', `  ${base64(pkcs1)}\t`],
    ['from a PEM with line breaks of Windows', base64(pkcs1.replaceAll('\n', '\r\n'))],
    ['from a PEM without a line break at its end', base64(pkcs1.trimEnd())],
    ['as the PEM itself', pkcs1],
    ['as the PEM itself, with the line breaks as \\n', pkcs8.replaceAll('\n', '\\n')],
    ['as the PEM itself, with blanks for line breaks', pkcs1.trimEnd().replaceAll('\n', ' ')],
    ['from a PEM with a remark before it', base64(`Key of the service account\n${pkcs1}`)],
  ])('%s', (_how, value) => {
    const key = read(value);
    expect(key.type).toBe('private');
    expect(createPublicKey(key).equals(publicKey)).toBe(true);
  });
});

describe('a key is not taken, and the message says why and what to do', () => {
  const encode = 'base64 -w 0 private_key.pem';
  const firstLine = pkcs1.split('\n')[1] ?? '';
  test.each([
    ['not Base64', 'not/Base64! S3cr3t-0815', 'is not Base64', encode],
    ['Base64 for addresses', base64(pkcs1).replace(/.$/, '_'), 'is not Base64', encode],
    ['a path', '/home/somebody/S3cr3t-0815.pem', 'is not Base64', encode],
    ['the first line of a PEM', '-----BEGIN RSA PRIVATE KEY-----', 'only the first line', encode],
    ['Base64 of something else', base64('S3cr3t-0815 of somebody'), 'PEM', '-----BEGIN'],
    ['Base64 twice over', base64(base64(pkcs1)), 'PEM', '-----BEGIN'],
    ['the inside of a PEM', firstLine, 'PEM', '-----BEGIN'],
    [
      'a public key',
      base64(publicKey.export({ type: 'spki', format: 'pem' }).toString()),
      'no private key',
      'APS returned',
    ],
    ['an encrypted key, PKCS#8', base64(pemOf(privateKey, 'pkcs8', passphrase)), 'encrypted', 'openssl rsa'],
    ['an encrypted key, PKCS#1', base64(pemOf(privateKey, 'pkcs1', passphrase)), 'encrypted', 'openssl rsa'],
    ['a key of an elliptic curve', base64(pemOf(curve, 'sec1')), 'is not an RSA key', 'APS returned'],
    [
      'a key of an elliptic curve, PKCS#8',
      base64(pemOf(curve, 'pkcs8')),
      'is not an RSA key',
      'APS returned',
    ],
    ['an Ed25519 key', base64(pemOf(edwards, 'pkcs8')), 'is not an RSA key', 'APS returned'],
    ['a key for RSA-PSS alone', base64(pemOf(pss, 'pkcs8')), 'is not an RSA key', 'APS returned'],
    ['1,024 bits', base64(pemOf(short, 'pkcs1')), 'is too short', '2,048 bits'],
    ['half a PEM', base64(pkcs1.slice(0, 800)), 'is damaged', 'PEM'],
    ['a PEM with a line missing', base64(pkcs1.replace(`${firstLine}\n`, '')), 'is damaged', 'PEM'],
    ['a Base64 that was cut off', base64(pkcs1).slice(0, 1000), 'is damaged', 'PEM'],
  ])('%s', (_what, value, reason, advice) => {
    const { message } = refusal(value);
    expect(message).toMatch(/^One setting /);
    expect(message).toMatch(new RegExp(`APS_SSA_KEY_BASE64 [^\\n]*${reason}`));
    expect(message).toContain(advice);
    expect(message).toContain('npm run ssa:setup');
  });

  test.each([
    ['not Base64', 'not/Base64! S3cr3t-0815'],
    ['half of the PEM itself', pkcs1.slice(0, 800)],
    ['Base64 of something else', base64('S3cr3t-0815 of somebody')],
    ['an encrypted key', base64(pemOf(privateKey, 'pkcs1', passphrase))],
    ['a key of an elliptic curve', base64(pemOf(curve, 'pkcs8'))],
    ['1,024 bits', base64(pemOf(short, 'pkcs1'))],
    ['a damaged PEM', base64(pkcs1.slice(0, 800))],
  ])('without any part of it: %s', (_what, value) => {
    const error = refusal(value);
    const shown = [
      error.message,
      error.stack,
      JSON.stringify(error),
      inspect(error, { depth: 20, showHidden: true }),
    ];
    const pieces = piecesOf(value);
    expect(pieces.length).toBeGreaterThan(10);
    expect(pieces.filter((piece) => shown.some((text) => text?.includes(piece)))).toEqual([]);
  });
});
