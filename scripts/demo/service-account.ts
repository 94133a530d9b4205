/** The demo of secure service accounts, `servers/ssa.ts`. */
import { createPrivateKey } from 'node:crypto';
import type { Client } from '@modelcontextprotocol/client';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { signAssertion } from '../../lib/aps-sign-in/service-account.ts';
import { demoHubs, type Sandbox } from '../../sandbox/index.ts';
import { type ApsTeller, watchAps } from './aps.ts';
import { connectHttp, connectStdio, listIn, nextCursorIn } from './client.ts';
import { environmentWith, nodeArguments, startProgram } from './program.ts';
import { command, detail, expect, isShort, message, say, step, title } from './stage.ts';

const named = z.object({ id: z.string(), name: z.string() });
type Named = z.infer<typeof named>;
const content = named.extend({ type: z.enum(['folder', 'item']), size: z.number().optional() });
const version = z.object({
  version_number: z.number(),
  size: z.number().optional(),
  created_by: z.string().optional(),
});

/** @param folder - an empty working folder for the server */
export async function demoServiceAccount(sandbox: Sandbox, folder: string): Promise<void> {
  title('SSA: a service account signs in, with a user’s permissions but no user');
  say(
    'servers/ssa.ts has a service account and its private key. It signs a short-lived assertion and exchanges it for ' +
      'an access token, which gives access to everything that the service account was invited to.',
  );
  const aps = watchAps(sandbox);
  const program = await startProgram('scripts/aps-mcp.ts', ['ssa', '--port', '0'], sandbox.env, folder);
  command('npm run ssa', `serves MCP at ${program.url}`);
  await aps.tellFirstToken();

  if (!isShort()) await showClaims(sandbox);

  step('A client asks for hubs');
  const client = await connectHttp(program.url, { pin: '2026-07-28' });
  const answer = await client.callTool({ name: 'list_hubs' });
  const hubs = listIn(answer, named);
  expect('requests to APS', aps.tell(), 1);
  expect('hubs', hubs.length, 2);
  for (const { name, id } of hubs) message('client ← server', `${name}  (${id})`);
  const note = answer.content[1];
  say(`The server adds a note, because a hub may be missing: “${note?.type === 'text' ? note.text : ''}”`);

  if (isShort()) {
    await client.close();
    expect('exit code after Ctrl-C', await program.stop(), 0);
    return;
  }

  const approved = await approval(client, aps, sandbox);
  await showContents(client, aps, await manyProjects(client, aps));
  await client.close();

  step('The older protocol over HTTP, and both over stdio');
  const legacy = await connectHttp(program.url, 'legacy');
  expect('hubs', listIn(await legacy.callTool({ name: 'list_hubs' }), named), approved);
  message('client ← server', `the same ${approved.length} hubs`);
  await legacy.close();
  expect('exit code after Ctrl-C', await program.stop(), 0);
  aps.tell();
  await overStdio(sandbox, folder, approved, aps);
}

async function showClaims(sandbox: Sandbox): Promise<void> {
  step('The claims of the assertion (without the signature)');
  for (const [claim, value] of Object.entries(await claimsOfAnAssertion(sandbox)))
    detail(`${claim.padEnd(6)} ${JSON.stringify(value)}`);
}

async function approval(client: Client, aps: ApsTeller, sandbox: Sandbox): Promise<Named[]> {
  step('An account admin approves the application, and the missing hub appears');
  sandbox.approveIntegration(demoHubs.awaitingApproval);
  const approved = listIn(await client.callTool({ name: 'list_hubs' }), named);
  aps.tell();
  expect('hubs', approved.length, 3);
  message('client ← server', approved.map(({ name }) => name).join(', '));
  return approved;
}

/** @returns the first of them */
async function manyProjects(client: Client, aps: ApsTeller): Promise<Named | undefined> {
  step('A hub with 1,203 projects: the server fetches the pages after the first in parallel');
  const all = await client.callTool({
    name: 'list_projects',
    arguments: { hub_id: demoHubs.construction, limit: 10_000 },
  });
  aps.tell();
  const projects = listIn(all, named);
  expect('projects', [projects.length, nextCursorIn(all)], [1203, undefined]);
  message(
    'client ← server',
    `${projects.length} projects, “${projects[0]?.name}” to “${projects.at(-1)?.name}”`,
  );
  return projects[0];
}

async function showContents(client: Client, aps: ApsTeller, first: Named | undefined): Promise<void> {
  step('The contents of the first project');
  const project = { hub_id: demoHubs.construction, project_id: first?.id };
  const look = async (folderId?: string) => {
    const found = await client.callTool({
      name: 'list_contents',
      arguments: { ...project, ...(folderId && { folder_id: folderId }) },
    });
    aps.tell();
    return listIn(found, content);
  };
  const top = await look();
  const inside = await look(top[0]?.id);
  message(
    'client ← server',
    inside.map(({ name, type }) => (type === 'folder' ? `${name}/` : name)).join('  '),
  );
  const models = await look(inside.find(({ name }) => name.includes('Models'))?.id);
  const model = models.find(({ name }) => name === 'Architecture.rvt');
  const versions = listIn(
    await client.callTool({
      name: 'list_versions',
      arguments: { project_id: project.project_id, item_id: model?.id },
    }),
    version,
  );
  aps.tell();
  expect('versions', versions.length, 12);
  message(
    'client ← server',
    `${model?.name}: ${versions.length} versions, the newest by ${versions[0]?.created_by}`,
  );
}

async function overStdio(sandbox: Sandbox, folder: string, approved: Named[], aps: ApsTeller): Promise<void> {
  for (const mode of [{ pin: '2026-07-28' }, 'legacy'] as const) {
    const other = await connectStdio(
      nodeArguments('servers/ssa.ts'),
      environmentWith(sandbox.env),
      folder,
      mode,
    );
    expect('hubs', listIn(await other.callTool({ name: 'list_hubs' }), named), approved);
    message(
      'client ← server',
      `the same ${approved.length} hubs, MCP ${other.getNegotiatedProtocolVersion()}`,
    );
    await other.close();
    aps.tell();
  }
}

/** The claims of an assertion like the server's. */
async function claimsOfAnAssertion(sandbox: Sandbox) {
  const { APS_BASE_URL = '', APS_CLIENT_ID = '', APS_SSA_ID = '', APS_SSA_KEY_ID = '' } = sandbox.env;
  const pem = Buffer.from(sandbox.env.APS_SSA_KEY_BASE64 ?? '', 'base64');
  const assertion = await signAssertion({
    clientId: APS_CLIENT_ID,
    clientSecret: '',
    accountId: APS_SSA_ID,
    keyId: APS_SSA_KEY_ID,
    privateKey: createPrivateKey(pem),
    scopes: ['data:read'],
    baseUrl: APS_BASE_URL,
  });
  return decodeJwt(assertion);
}
