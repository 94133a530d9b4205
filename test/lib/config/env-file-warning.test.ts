// The warning about a .env with secrets that other users of the machine can read.
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { envFileWarning, secretVariables } from '../../../lib/config/env-file-warning.ts';
import { newFolder } from '../../support/folder.ts';

async function envFile(text: string, mode: number): Promise<string> {
  const file = join(await newFolder({ '.env': text }), '.env');
  await chmod(file, mode);
  return file;
}

const secrets = [
  'APS_CLIENT_SECRET',
  'APS_SSA_KEY_BASE64',
  'SESSION_SECRET',
  'MCP_API_KEYS',
  'MCP_AUTH_CLIENT_SECRET',
  'STORE_URL',
  'STORE_SECRET',
];

describe('a .env', () => {
  test.each(secrets)('with %s that others can read is named, in one line, with what to do', async (name) => {
    const file = await envFile(`MCP_PORT=5005\n${name}=s3cr3t\n`, 0o644);
    const warning = envFileWarning(file) ?? '';
    expect(warning).toMatch(/^[^\n]+$/);
    for (const part of [file, name, `chmod 600 ${file}`]) expect(warning).toContain(part);
    expect(warning).not.toMatch(/s3cr3t|MCP_PORT/);
  });

  test.each([0o640, 0o604])('with the mode %o can be read by others', async (mode) => {
    expect(envFileWarning(await envFile('SESSION_SECRET=s3cr3t', mode))).toBeDefined();
  });

  test.each<[which: string, text: string, mode: number]>([
    ['that only its owner can read', 'SESSION_SECRET=s3cr3t', 0o600],
    ['without secrets', 'APS_CLIENT_ID=an-id\nAPS_SANDBOX=1', 0o644],
    ['whose secrets are empty', 'APS_CLIENT_SECRET=\nMCP_API_KEYS=""', 0o644],
  ])('%s is not mentioned', async (_which, text, mode) => {
    expect(envFileWarning(await envFile(text, mode))).toBeUndefined();
  });

  test('that is a link is judged by the file that it leads to', async () => {
    const elsewhere = await envFile('SESSION_SECRET=s3cr3t', 0o600);
    const link = join(await newFolder(), '.env');
    await symlink(elsewhere, link);
    expect(envFileWarning(link)).toBeUndefined();
    await chmod(elsewhere, 0o644);
    expect(envFileWarning(link)).toContain('chmod 600');
  });

  test('that does not exist, or cannot be read, is left to others to complain about', async () => {
    const file = join(await newFolder(), '.env');
    expect(envFileWarning(file)).toBeUndefined();
    await mkdir(file);
    expect(envFileWarning(file)).toBeUndefined();
  });
});

test('every variable that looks like a secret counts as one', () => {
  expect([...secretVariables].sort()).toEqual([...secrets].sort());
});
