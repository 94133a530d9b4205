// The command line of a server: what it takes, and what is said about the rest.
import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../../lib/config.ts';
import { help, readOptions } from '../../../lib/serve/options.ts';
import { definition } from '../../../servers/2lo.ts';

describe('the options', () => {
  test('may all be left out', () => {
    expect(readOptions([], 'http')).toEqual({
      transport: 'http',
      host: 'localhost',
      port: undefined,
      sandbox: false,
      help: false,
    });
    expect(readOptions([], 'stdio').transport).toBe('stdio');
  });

  test('are taken as they are given', () => {
    const args = ['--transport', 'http', '--host=0.0.0.0', '--port', '0', '--sandbox'];
    expect(readOptions(args, 'stdio')).toEqual({
      transport: 'http',
      host: '0.0.0.0',
      port: 0,
      sandbox: true,
      help: false,
    });
    expect(readOptions(['-h'], 'http').help).toBe(true);
  });

  test.each([
    [['--prot', '1'], /'--prot'\. --help lists the options\.$/],
    [['--port', 'http'], /^--port must be a number from 0 to 65535, not "http"\.$/],
    [['--port', '65536'], /^--port must be a number from 0 to 65535, not "65536"\.$/],
    [['--port', '-1'], /'--port'.*--help lists the options\.$/],
    [['--port='], /^--port must be a number/],
    [['--port'], /'--port <value>'.*--help lists the options\.$/],
    [['--transport', 'sse'], /^--transport must be http or stdio, not "sse"\.$/],
    [['--sandbox=yes'], /'--sandbox'.*--help lists the options\.$/],
    [['more'], /'more'\. .*--help lists the options\.$|'more'\. --help lists the options\.$/],
    [['--host', ''], /^--host must be an address or name/],
  ])('are not %j, and one line says why', (args, reason) => {
    let message = '';
    try {
      readOptions(args, 'http');
    } catch (error) {
      if (error instanceof SettingsError) message = error.message;
    }
    expect(message).toMatch(reason);
    expect(message).not.toContain('\n');
  });
});

test('--help names every option and variable, and the defaults of this start', () => {
  const text = help(definition, 'npm run 2lo --', 'http');
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
  ])
    expect(text).toContain(word);
});
