/** Credentials that are set, and not used because APS_SANDBOX is: who sees sample data must know. */
import { expect, test } from 'vitest';
import { loadConfiguration, readOptions } from '../../../../lib/serve/launch/configuration.ts';
import { definition } from '../../../../servers/2lo.ts';
import { newFolder } from '../../../support/folder.ts';
import { startSandbox } from '../../../support/sandbox.ts';

/** What a start says with this `.env`. */
async function saidWith(file: string, ...args: string[]): Promise<string[]> {
  const folder = await newFolder({ '.env': file });
  const said: string[] = [];
  const { sandbox } = await loadConfiguration(definition, readOptions(args, 'stdio'), {
    ...{ env: {}, folder, project: folder },
    warn: (message) => said.push(message),
    loadSandbox: async () => ({ startSandbox }),
  });
  await sandbox?.close();
  return said;
}

test('APS_SANDBOX=1 beside credentials of an application is warned of, with what to do', async () => {
  const [warning = '', ...more] = await saidWith('APS_SANDBOX=1\nAPS_CLIENT_ID=my-application\n');
  expect(more).toEqual([]);
  for (const part of ['APS_CLIENT_ID', 'sample data', 'remove APS_SANDBOX']) expect(warning).toContain(part);
});

test.each([
  ['without credentials, as in .env.example', 'APS_SANDBOX=1\nAPS_CLIENT_ID=\n', []],
  ["with the sandbox's own credentials", 'APS_SANDBOX=1\nAPS_CLIENT_ID=sandbox-client-id\n', []],
  ['on the command line', 'APS_CLIENT_ID=my-application\n', ['--sandbox']],
])('the sandbox is not mentioned %s', async (_how, file, args) => {
  expect(await saidWith(file, ...args)).toEqual([]);
});
