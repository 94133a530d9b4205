// Whatever happens around a user's sign-in, nothing that is printed, answered or shown has a token, a code, a verifier
// or the secret in it. The state and the challenge are in the address of a sign-in, and nowhere else.
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { connect } from '../support/clients.ts';
import { alice, benji } from '../support/people.ts';
import { type Program, run, runHttpServer, stdioCommand } from '../support/programs.ts';
import { send, toolCall } from '../support/raw-http.ts';
import { type RecordingAps, startRecordingAps } from '../support/recording-aps.ts';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { expectNone } from '../support/secrets.ts';
import { askedAddress, attended, open, takesAddresses } from '../support/sign-in.ts';
import type { said } from '../support/tool-results.ts';

let sandbox: Sandbox;
let aps: RecordingAps;
let secrets: Set<string>;
let seen: string[];
const answered = z.object({ access_token: z.string(), refresh_token: z.string() });
beforeEach(async () => {
  sandbox = await startSandbox();
  secrets = new Set([sandbox.env.APS_CLIENT_SECRET ?? '']);
  seen = [];
  aps = await startListeningAps();
});
afterEach(async () => {
  aps.close();
  await sandbox.close();
});

/** Stands between the servers and the sandbox, and learns every secret that passes. */
function startListeningAps(): Promise<RecordingAps> {
  return startRecordingAps(sandbox, ({ path, form, status }, answer) => {
    for (const name of ['code', 'code_verifier', 'refresh_token', 'token'])
      if (form[name] !== undefined) secrets.add(form[name]);
    if (!path.endsWith('/token') || status !== 200) return;
    const { access_token, refresh_token } = answered.parse(JSON.parse(answer));
    secrets.add(access_token).add(refresh_token);
  });
}

/** The variables that point a server at it. */
const env = () => ({ ...sandbox.env, APS_BASE_URL: aps.url });

/** Opens what a browser is sent back to, and keeps the page. */
async function visit(back: URL | string): Promise<void> {
  for (const value of new URL(back).searchParams.getAll('code')) secrets.add(value);
  const { html, headers } = await open(back);
  seen.push(html, JSON.stringify([...headers]));
  // What was in the address has no business on the page, neither the code nor the state.
  for (const [name, value] of new URL(back).searchParams)
    if (!name.startsWith('error')) expect(html).not.toContain(value);
}

/** Ends a program, and looks through everything that was seen of it. */
async function expectSilence(program: Program, addresses: readonly string[]): Promise<void> {
  program.signal('SIGTERM');
  const { stdout, stderr } = await program.ended;
  const everything = [...seen, stdout, stderr];
  // A refresh token, an access token, a code and a verifier, besides the client secret, at the least.
  expect(secrets.size).toBeGreaterThanOrEqual(5);
  expectNone(secrets, everything);
  expect(everything.join('\n')).not.toMatch(/Basic [\w+/]{8}|Bearer [\w-]{8}|code_verifier/);
  for (const address of addresses) {
    const { searchParams } = new URL(address);
    for (const name of ['state', 'code_challenge'])
      expect(stderr).not.toContain(searchParams.get(name) ?? 'neither is missing');
  }
}

/** Calls list_hubs, and keeps what it says. */
async function call(client: Parameters<typeof said>[0], name = 'list_hubs'): Promise<boolean> {
  const answer = await client.callTool({ name });
  seen.push(JSON.stringify(answer));
  return answer.isError === true;
}

test('not a sign-in, a renewal, a withdrawal, a denial, a stale link, a sign-out, nor any trouble of APS', async () => {
  const program = await runHttpServer(['scripts/aps-mcp.ts', '3lo'], { env: env() });
  sandbox.registerRedirectUri(`${program.url}/callback`);
  const client = await connect(program.url, 'legacy');
  onTestFinished(() => client.close());
  const addresses: string[] = [];
  const address = async () => {
    addresses.push(await askedAddress(client));
    return addresses.at(-1) ?? '';
  };

  await visit(await sandbox.signIn(await address(), { allow: false }));
  const back = await sandbox.signIn(await address(), alice);
  for (const way of [back, back, `${program.url}/callback?state=made-up&code=a-made-up-code`])
    await visit(way);
  expect(await call(client)).toBe(false);
  sandbox.revokeAccessTokens();
  expect(await call(client)).toBe(false);
  sandbox.revokeAccessTokens();
  sandbox.trouble.set({ failAll: { status: 503, retryAfter: '3600' } });
  expect(await call(client)).toBe(true);
  sandbox.trouble.reset();
  sandbox.revokeUserTokens(alice.userId);
  const late = await sandbox.signIn(await address(), alice);
  sandbox.trouble.set({ failAll: { status: 503, retryAfter: '3600' } });
  await visit(late);
  sandbox.trouble.reset();
  await visit(await sandbox.signIn(await address(), benji));
  expect(await call(client)).toBe(false);
  expect(await call(client, 'sign_out')).toBe(false);
  for (const path of ['/', '/health', '/mcp', '/nowhere', '/callback'])
    seen.push(JSON.stringify(await send(program.url + path)));
  await expectSilence(program, addresses);
});

test('not a question to a client that takes its user to the address', async () => {
  const program = await runHttpServer(['scripts/aps-mcp.ts', '3lo'], { env: env() });
  sandbox.registerRedirectUri(`${program.url}/callback`);
  const addresses: string[] = [];
  const client = await attended(program, 'auto', async (address): Promise<'accept'> => {
    addresses.push(address);
    await visit(await sandbox.signIn(address, alice));
    return 'accept';
  });
  onTestFinished(() => client.close());
  expect(await call(client)).toBe(false);
  const handshake = await connect(program.url, 'legacy', takesAddresses);
  onTestFinished(() => handshake.close());
  seen.push(String(await handshake.callTool({ name: 'list_hubs' }).catch((error: Error) => error.stack)));
  await expectSilence(program, addresses);
});

test('not a wrong secret, nor a code that APS refuses, over stdio', async () => {
  const wrong = 'S3cr3t-0815-of-somebody';
  secrets.add(wrong);
  const program = await run([...stdioCommand('3lo'), '--port', '0'], {
    env: { ...env(), APS_CLIENT_SECRET: wrong },
  });
  program.write(`${JSON.stringify(toolCall('list_hubs'))}\n`);
  await expect.poll(() => program.output.stdout, { timeout: 20_000 }).toContain('auth_url');
  const address = /"auth_url":"([^"]+)"/.exec(program.output.stdout)?.[1] ?? '';
  const callback = new URL(address).searchParams.get('redirect_uri') ?? '';
  sandbox.registerRedirectUri(callback);
  await visit(await sandbox.signIn(address, alice));
  expect(seen.join()).toContain('APS_CLIENT_ID and APS_CLIENT_SECRET');
  secrets.add('a-code-that-nobody-gave-out').add('another-secret-for-the-count');
  await visit(`${callback}?state=made-up&code=a-code-that-nobody-gave-out`);
  await expectSilence(program, [address]);
});
