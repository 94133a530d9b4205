/** `npm run demo`: every sign-in pattern, from end to end, against the embedded sandbox. Exits 0 if all went as told. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../sandbox/index.ts';
import { demoAutodesk } from './demo/autodesk.ts';
import { demoCompany } from './demo/company.ts';
import { demoPkce } from './demo/pkce.ts';
import { demoServiceAccount } from './demo/service-account.ts';
import { say, title } from './demo/stage.ts';
import { demoThreeLegged } from './demo/three-legged.ts';
import { demoTwoLegged } from './demo/two-legged.ts';

const sandbox = await startSandbox();
const folder = await mkdtemp(join(tmpdir(), 'aps-mcp-demo-'));
try {
  title('MCP servers for Autodesk Platform Services (APS)');
  say(
    `No Autodesk account and no network is used: a sandbox at ${sandbox.url} stands in for APS. The servers run ` +
      'as programs of their own, and the official MCP client talks to them. Below is who sends what to whom: first ' +
      'the four ways in which a server signs in to Autodesk, then the two in which MCP clients sign in to a server.',
  );
  await demoTwoLegged(sandbox, folder);
  await demoServiceAccount(sandbox, folder);
  await demoThreeLegged(sandbox, folder);
  await demoPkce(sandbox, folder);
  await demoCompany(sandbox, folder);
  await demoAutodesk(sandbox, folder);
  title('Every sign-in pattern went as expected');
  say('Next: start one yourself with "npm run 2lo -- --sandbox", and read docs/tutorial/.');
} catch (error) {
  console.error(`\nThe demo failed. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
}
// Ends what a failed story left running.
process.exit();
