// What a server says when it has started: where it is, who may call, and how to try it.
import { describe, expect, test } from 'vitest';
import { checkExposure, type Exposure } from '../../../../lib/serve/http/exposure.ts';
import { type HttpBanner, httpBanner, stdioBanner } from '../../../../lib/serve/launch/banner.ts';

const server = {
  name: 'APS 2LO Demo',
  version: '1.2.3',
  tools: [{ name: 'list_buckets' }, { name: 'list_objects' }],
};

/** The lines of the message, of a server on a port of this machine but for what `changes` says. */
function said(changes: Partial<HttpBanner> = {}): string[] {
  const message = httpBanner({
    server,
    apsSignIn: 'as the application itself',
    aps: 'https://aps.example',
    publicUrl: 'http://localhost:5000',
    listensOn: 'http://localhost:5000',
    alsoAs: ['127.0.0.1', '[::1]'],
    whoCanCall: 'programs on this machine',
    ...changes,
  });
  return message.split('\n');
}

const command = 'curl -s "http://127.0.0.1:1/token"';

test('over HTTP it says what it is, where it is, who may call, and how to try it', async () => {
  expect(await said()).toEqual([
    'APS 2LO Demo 1.2.3',
    '  Tools         list_buckets, list_objects',
    '  Address       http://localhost:5000/mcp  (also as 127.0.0.1 and [::1])',
    '  APS sign-in   as the application itself',
    '  APS           https://aps.example',
    '  Who can call  programs on this machine',
    '',
    expect.stringMatching(/MCP client.*:$/),
    '  npx @wong2/mcp-cli --url http://localhost:5000/mcp',
    expect.stringContaining('Ctrl-C'),
  ]);
});

test('it says where state is kept, if any is', async () => {
  const store = 'Redis at redis.example:6379';
  const line = `  Store         ${store}`;
  expect(said({ store })).toContain(line);
  const message = stdioBanner({ server, apsSignIn: 'as itself', aps: 'https://aps.example', store });
  expect(message.split('\n')).toContain(line);
  expect(said().join()).not.toContain('Store');
});

test('over stdio it has no address, nobody else who may call, and nothing to try', async () => {
  const message = stdioBanner({ server, apsSignIn: 'as itself', aps: 'https://aps.example' });
  expect(message.split('\n')).toEqual([
    'APS 2LO Demo 1.2.3',
    '  Tools         list_buckets, list_objects',
    '  Transport     stdio',
    '  APS sign-in   as itself',
    '  APS           https://aps.example',
  ]);
});

test('over stdio it says where browsers come back to', () => {
  const callbackUrl = 'http://localhost:5003/callback';
  const message = stdioBanner({ server, apsSignIn: 'as itself', aps: 'https://aps.example', callbackUrl });
  expect(message).toContain(`\n  Callback URL  ${callbackUrl}\n`);
});

test('where browsers come back to, at Autodesk and at an OpenID provider, is what to register there', async () => {
  const callbackUrl = 'https://mcp.example.com/callback';
  const identityCallbackUrl = 'https://mcp.example.com/signin/callback';
  const lines = await said({ callbackUrl, identityCallbackUrl });
  expect(lines).toContain(`  Callback URL  ${callbackUrl}`);
  expect(lines).toContain(`  Redirect URI  ${identityCallbackUrl}  (at the OpenID provider)`);
});

describe('the address', () => {
  test('is the only one for clients that sign in, which is said', async () => {
    const lines = await said({ clientsSignIn: true });
    expect(lines.join()).toMatch(/http:\/\/localhost:5000\/mcp +\(.*exactly.*no other address/);
    expect(lines.join()).not.toContain('127.0.0.1');
  });

  test('has no other names where there are none', async () => {
    const url = 'http://192.0.2.1:5000';
    const lines = await said({ publicUrl: url, listensOn: url, alsoAs: [] });
    expect(lines).toContain('  Address       http://192.0.2.1:5000/mcp');
    expect(lines.join()).not.toContain('Listens on');
  });

  test.each([
    ['http://0.0.0.0:5000', []],
    ['http://[::]:5000', ['10.0.0.7', 'mcp.example.com']],
  ])(
    'is one that works where it listens on %s, and it is said how to call it from elsewhere',
    async (url, names) => {
      const lines = await said({ publicUrl: url, listensOn: url, alsoAs: [], allowedHosts: names });
      expect(lines).toContain('  Address       http://localhost:5000/mcp');
      expect(lines).toContain('  npx @wong2/mcp-cli --url http://localhost:5000/mcp');
      expect(lines).toContain(`  Listens on    ${url}`);
      expect(lines.find((line) => line.startsWith('  Elsewhere'))).toContain(
        names.length > 0
          ? 'http://10.0.0.7:5000/mcp or http://mcp.example.com:5000/mcp'
          : 'list the names or addresses that clients use in MCP_ALLOWED_HOSTS',
      );
    },
  );

  test('is the public one where there is one, also in the command to try, and below is that of the port', async () => {
    const lines = await said({ publicUrl: 'https://mcp.example.com', alsoAs: [] });
    expect(lines.slice(2, 4)).toEqual([
      '  Address       https://mcp.example.com/mcp',
      '  Listens on    http://localhost:5000',
    ]);
    expect(lines).toContain('  npx @wong2/mcp-cli --url https://mcp.example.com/mcp');
    expect(lines.join()).not.toContain('127.0.0.1');
  });

  test('that browsers come back to is there to be registered, where there is something to register', async () => {
    const callbackUrl = 'https://mcp.example.com/callback';
    expect(await said({ callbackUrl })).toContain(`  Callback URL  ${callbackUrl}`);
    expect((await said()).join()).not.toContain('Callback');
  });
});

test('a command that gives a token is printed where there is one, on a line of its own to be copied', async () => {
  const [words, line] = (await said({ tokenCommand: command })).slice(-3);
  expect(words).toMatch(/access token.*:$/);
  expect(line).toBe(`  ${command}`);
  expect((await said()).join()).not.toMatch(/access token|curl/);
});

test('that everybody may call is said in capitals, with the option that made it so', async () => {
  const everybody: Exposure = {
    ...{ host: '0.0.0.0', allowedHosts: [], clientAuth: 'none', limitsUsers: false },
    ...{ insecureNoClientAuth: true, insecureAnyAccount: false },
  };
  const whoCanCall = checkExposure({ isPublicClient: false }, everybody).whoCanCall();
  const line = said({ whoCanCall }).find((each) => each.includes('Who can'));
  expect(line).toMatch(/Who can call +EVERYBODY .+--insecure-no-client-auth/);
});
