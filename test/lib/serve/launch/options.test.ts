// The command line of a server: what it takes, and what is said about the rest.
import { describe, expect, test } from 'vitest';
import { clientAuthModes } from '../../../../lib/config/variables.ts';
import { readOptions } from '../../../../lib/serve/launch/configuration.ts';
import { help } from '../../../../lib/serve/launch/help.ts';
import { StartupError } from '../../../../lib/startup-error.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { definition as publicClient } from '../../../../servers/pkce.ts';
import { definition as serviceAccount } from '../../../../servers/ssa.ts';

/** Why a command line is refused. */
function refusal(args: string[]): string {
  try {
    readOptions(args, 'http');
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('the options', () => {
  test('may all be left out', () => {
    expect(readOptions([], 'http')).toEqual({
      transport: 'http',
      host: 'localhost',
      port: undefined,
      sandbox: false,
      clientAuth: undefined,
      insecureNoClientAuth: false,
      insecureAnyAccount: false,
      help: false,
    });
    expect(readOptions([], 'stdio').transport).toBe('stdio');
  });

  test('are taken as they are given', () => {
    const args = [
      '--transport',
      'http',
      '--host=0.0.0.0',
      '--port',
      '0',
      '--sandbox',
      '--client-auth',
      'oidc',
    ];
    expect(readOptions([...args, '--insecure-no-client-auth', '--insecure-any-account'], 'stdio')).toEqual({
      transport: 'http',
      host: '0.0.0.0',
      port: 0,
      sandbox: true,
      clientAuth: 'oidc',
      insecureNoClientAuth: true,
      insecureAnyAccount: true,
      help: false,
    });
    expect(readOptions(['-h'], 'http').help).toBe(true);
  });

  test.each(clientAuthModes)('name %s for the sign-in of clients over HTTP', (mode) => {
    expect(readOptions(['--client-auth', mode], 'http').clientAuth).toBe(mode);
    expect(readOptions([`--client-auth=${mode}`, '--transport', 'http'], 'stdio').clientAuth).toBe(mode);
  });

  test('may say over stdio that no client signs in, which is how it is', () => {
    expect(readOptions(['--client-auth', 'none'], 'stdio').clientAuth).toBe('none');
  });

  test.each([
    [
      ['--prot', '1'],
      ["'--prot'", '--help'],
    ],
    [
      ['--port', 'http'],
      ['--port', '0 to 65535', '"http"'],
    ],
    [
      ['--port', '65536'],
      ['--port', '0 to 65535', '"65536"'],
    ],
    [
      ['--port', '-1'],
      ["'--port'", '--help'],
    ],
    [['--port='], ['--port', '0 to 65535']],
    [['--port'], ["'--port <value>'", '--help']],
    [
      ['--transport', 'sse'],
      ['--transport', 'http or stdio', '"sse"'],
    ],
    [['--sandbox=yes'], ["'--sandbox'", '--help']],
    [['more'], ["'more'", '--help']],
    [
      ['--host', ''],
      ['--host', 'address or name'],
    ],
    [
      ['--client-auth', 'google'],
      ['--client-auth', 'none, key, oidc or autodesk', '"google"'],
    ],
    [
      ['--client-auth', 'OIDC'],
      ['--client-auth', 'none, key, oidc or autodesk', '"OIDC"'],
    ],
    [['--client-auth='], ['--client-auth', 'none, key, oidc or autodesk', '""']],
    [['--client-auth'], ["'--client-auth <value>'", '--help']],
    [['--insecure-no-client-auth=yes'], ["'--insecure-no-client-auth'", '--help']],
    [['--insecure-any-account=yes'], ["'--insecure-any-account'", '--help']],
    [
      ['--transport', 'stdio', '--client-auth', 'oidc'],
      ['--client-auth oidc', 'HTTP', 'stdio'],
    ],
    [
      ['--client-auth', 'autodesk', '--transport=stdio'],
      ['--client-auth autodesk', 'HTTP', 'stdio'],
    ],
  ])('are not %j, and one line says why', (args, parts) => {
    const message = refusal(args);
    for (const part of parts) expect(message).toContain(part);
    expect(message).not.toContain('\n');
  });
});

test('--help names every option and variable, and the defaults of this start', () => {
  const text = help(twoLegged, 'npm run 2lo --', 'http');
  for (const word of [
    'Usage: npm run 2lo --',
    '--transport http|stdio',
    'default http',
    '--host',
    '--port',
    'default MCP_PORT or 5000',
    '--sandbox',
    'APS_CLIENT_ID',
    'APS_CLIENT_SECRET',
    'APS_BASE_URL',
    'APS_SANDBOX',
    'MCP_PORT',
    'MCP_ALLOWED_HOSTS',
    'MCP_ALLOWED_ORIGINS',
    '--client-auth none|key|oidc|autodesk',
    'default MCP_CLIENT_AUTH or none',
    '--insecure-no-client-auth',
    '--insecure-any-account',
    'MCP_ALLOWED_USERS',
    'SESSION_SECRET',
    'MCP_CLIENT_AUTH',
    'MCP_PUBLIC_URL',
    'MCP_API_KEYS',
    'MCP_AUTH_ISSUER',
    'MCP_AUTH_AUDIENCE',
    'MCP_AUTH_SCOPES',
    'MCP_AUTH_CLIENT_ID',
    'MCP_AUTH_CLIENT_SECRET',
  ])
    expect(text).toContain(word);
});

test.each([twoLegged, serviceAccount, threeLegged, publicClient])(
  '--help of $name names each variable on a line of its own, once',
  (definition) => {
    const lines = help(definition, `npm run ${definition.name} --`, 'http').split('\n');
    expect(lines.join()).toContain(`default MCP_PORT or ${definition.port}`);
    const variables = lines.filter((line) => /^ {2}[A-Z_\d]+$/.test(line));
    expect(new Set(variables).size).toBe(variables.length);
    for (const name of Object.keys(definition.variables)) expect(variables).toContain(`  ${name}`);
  },
);

test.each([twoLegged, serviceAccount, threeLegged, publicClient])(
  '--help of $name has no line that is wider than 110 characters',
  (definition) => {
    const lines = help(definition, `npm run ${definition.name} --`, 'http').split('\n');
    expect(lines.filter((line) => line.length > 110)).toEqual([]);
  },
);

test('--help of pkce does not offer what needs a secret', () => {
  const text = help(publicClient, 'npx tsx servers/pkce.ts', 'stdio');
  expect(text).toContain('--client-auth none|key|oidc\n');
  expect(text).toContain('MCP_AUTH_ISSUER');
  expect(text).not.toMatch(/autodesk\b|MCP_AUTH_GRANT_DAYS|APS_CLIENT_SECRET/);
});
