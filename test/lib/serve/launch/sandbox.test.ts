/** The built-in sandbox as the launcher loads it: at run time, and only if it is there. */
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type SandboxModule, withSandbox } from '../../../../lib/serve/launch/sandbox.ts';
import { closing } from '../../../support/closing.ts';
import { newFolder } from '../../../support/folder.ts';
import { pathOf, runNode } from '../../../support/programs.ts';
import * as sandbox from '../../../support/sandbox.ts';

test('has what the launcher expects of it', () => {
  // The compiler checks the rest.
  const { startSandbox }: SandboxModule = sandbox;
  expect(startSandbox).toBeTypeOf('function');
});

describe('the client at the OpenID provider', async () => {
  const launched = closing()(await sandbox.startSandbox());
  const given = {
    MCP_AUTH_CLIENT_ID: 'mine',
    MCP_AUTH_CLIENT_SECRET: 'my-secret',
    MCP_AUTH_SUBJECT_CLAIM: 'oid',
  };
  const own = { ...given, MCP_AUTH_ISSUER: 'https://login.example.com' };

  test('is that of the sandbox, at its provider', () => {
    const { clientId, clientSecret } = launched.openIdServerClient;
    expect(withSandbox(given, launched, false, 'oidc')).toMatchObject({
      MCP_AUTH_CLIENT_ID: clientId,
      MCP_AUTH_CLIENT_SECRET: clientSecret,
      MCP_AUTH_SUBJECT_CLAIM: undefined,
    });
  });

  test('is yours at your own provider', () => {
    expect(withSandbox(own, launched, false, 'oidc')).toMatchObject(own);
  });

  test('is none where the variables mean an application of APS', () => {
    for (const environment of [given, own])
      expect(withSandbox(environment, launched, false, 'autodesk')).toMatchObject({
        MCP_AUTH_CLIENT_ID: undefined,
        MCP_AUTH_CLIENT_SECRET: undefined,
      });
  });
});

test('is named as missing by a copy of the project without it', async () => {
  const copy = await newFolder();
  for (const name of ['servers', 'lib', 'package.json'])
    await cp(pathOf(name), join(copy, name), { recursive: true });
  await symlink(pathOf('node_modules'), join(copy, 'node_modules'), 'junction');

  const program = await runNode(['--import', 'tsx/esm', 'servers/2lo.ts', '--sandbox'], { cwd: copy });

  const { code, stderr } = await program.ended;
  expect(code).toBe(1);
  expect(stderr).toContain('The built-in sandbox is missing');
});
