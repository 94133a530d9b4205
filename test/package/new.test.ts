// `aps-mcp new` from the package: a person makes a project, tests it, starts it, and calls its tool.
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { expect, inject, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { signIn as signInAtSandbox } from '../../sandbox/unattended-sign-in.ts';
import { type SignIn, signIns } from '../../scripts/new/project.ts';
import { newest } from '../support/clients.ts';
import { newFolder } from '../support/folder.ts';
import { attended } from '../support/sign-in.ts';
import { install, npm, npmServer } from './npm.ts';

/** Does what a person does in the browser. */
const signInAt = async (link: string): Promise<'accept'> => {
  await fetch(await signInAtSandbox(link));
  return 'accept';
};

const listed = z.object({ result: z.tuple([z.object({ id: z.string(), name: z.string() })], z.unknown()) });

async function firstOf(client: Client, name: string, args = {}) {
  const { structuredContent } = await client.callTool({ name, arguments: args });
  return listed.parse(structuredContent).result[0];
}

/** Calls the tool that comes with the project. */
async function callTool(client: Client, signIn: SignIn) {
  if (signIn === '2lo') {
    const bucket_key = 'sandbox-survey-photos';
    const { structuredContent } = await client.callTool({
      name: 'get_bucket_details',
      arguments: { bucket_key },
    });
    return expect(structuredContent).toMatchObject({ bucketKey: bucket_key });
  }
  const hub = await firstOf(client, 'list_hubs');
  const project = await firstOf(client, 'list_projects', { hub_id: hub.id });
  const { structuredContent } = await client.callTool({
    name: 'get_project',
    arguments: { hub_id: hub.id, project_id: project.id },
  });
  expect(structuredContent).toMatchObject({ ...project, root_folder_id: expect.any(String) });
}

test.each(signIns)(
  'a %s project installs, passes its test and type check, starts on the sandbox, and has its tool',
  async (signIn) => {
    const folder = await newFolder();
    const tarball = inject('tarball');
    const made = ['new', 'my-server', '--sign-in', signIn, '--package', tarball];
    await npm(folder, 'exec', '--yes', '--prefer-offline', `--package=${tarball}`, '--', 'aps-mcp', ...made);
    const project = join(folder, 'my-server');
    await install(project);
    expect(await npm(project, 'test')).toContain('2 passed');
    await npm(project, 'run', 'check');
    const address = await npmServer(project, 'run', 'dev', '--', '--sandbox', '--port', '0');
    const client = await attended({ url: address.origin }, { pin: newest }, signInAt);
    onTestFinished(() => client.close());
    await callTool(client, signIn);
  },
);
