/** The demo of client sign-in at a company's OpenID provider, `--client-auth oidc`. */
import { z } from 'zod';
import { employees, type Sandbox } from '../../sandbox/index.ts';
import { watchAps } from './aps.ts';
import { openBrowser } from './browser.ts';
import { listIn } from './client.ts';
import { placesOf } from './places.ts';
import { startProgram } from './program.ts';
import { createSigningInClient, tellingFetch } from './signing-in.ts';
import { command, expect, isShort, message, say, step, title, tokenNumber } from './stage.ts';

/** @param folder - an empty working folder for the server */
export async function demoCompany(sandbox: Sandbox, folder: string): Promise<void> {
  title('Client sign-in with OIDC: people sign in at their company to use a server');
  say(
    'So far, anyone who could reach a server could call it. With --client-auth oidc, callers need an access token ' +
      'from an OpenID provider that the server trusts: here, that of a made-up company, unrelated to Autodesk. The ' +
      'server is servers/2lo.ts, as before, which reads the application’s own storage.',
  );
  const aps = watchAps(sandbox, 'servers');
  const program = await startProgram(
    'scripts/aps-mcp.ts',
    ['2lo', '--client-auth', 'oidc', '--port', '0'],
    { ...sandbox.env, MCP_AUTH_ISSUER: sandbox.openIdIssuer, MCP_AUTH_SCOPES: 'mcp:tools' },
    folder,
  );
  command('npm run 2lo -- --client-auth oidc', `serves MCP at ${program.url}`);
  await aps.tellFirstToken();
  const placeOf = placesOf(sandbox);

  step('A client without a token is refused, and discovers where to sign in');
  const visitor = createSigningInClient(program.url, { pin: '2026-07-28' }, placeOf);
  const address = await visitor.begin();

  const [employee] = employees;
  step(`${employee.name} signs in at the company and allows the client`);
  const browser = openBrowser(placeOf);
  const page = await browser.open(address);
  expect('the page', page.heading, 'Demo client asks you to sign in');
  const back = await browser.submit(page, { user: employee.sub, decision: 'allow' });

  step('The client exchanges the code for a token that is valid only for this server');
  await visitor.finish(back.address);
  const { sub, iss, aud, jti } = visitor.claims();
  expect('the token', [sub, iss, aud], [employee.sub, sandbox.openIdIssuer, program.url.href]);

  step('It calls the server, which sends its own token to Autodesk, never the client’s');
  await visitor.connect();
  const bucket = z.object({ bucket_key: z.string() });
  const buckets = listIn(await visitor.client.callTool({ name: 'list_buckets' }), bucket);
  expect('requests to APS', aps.tell(), 1);
  expect('buckets in the US', buckets.length, 23);
  const tokens = sandbox.requests
    .filter(({ path }) => path.startsWith('/oss/'))
    .map(({ tokenId }) => tokenId);
  expect('the client’s token at Autodesk', tokens.includes(jti), false);
  message('client ← server', `${buckets.length} buckets, for the client’s token ${tokenNumber(jti)}`);
  await visitor.client.close();

  if (isShort()) {
    await program.stop();
    return;
  }

  step('A token from the same company for another server is refused');
  const foreign = await sandbox.openIdToken({ audience: 'https://other.works.example/mcp' });
  const refused = await tellingFetch(placeOf)(program.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${foreign}`, 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_buckets' } }),
  });
  expect('the status', refused.status, 401);
  const challenge = refused.headers.get('www-authenticate') ?? '';
  expect('the error', /\berror="(\w+)"/.exec(challenge)?.[1], 'invalid_token');
  expect('requests to APS', aps.tell(), 0);
  expect('exit code after Ctrl-C', await program.stop(), 0);
}
