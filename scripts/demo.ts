/** `npm run demo`: every sign-in pattern, end to end, against the built-in sandbox. Exits 0 if all went as expected. */
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
    `You need no Autodesk account and no network: a sandbox at ${sandbox.url} stands in for APS. Each server runs in ` +
      'its own process, and the official MCP client calls it. Below you see who sends what to whom: first the four ' +
      'ways in which a server signs in to Autodesk, then the two in which MCP clients sign in to a server.',
  );
  await demoTwoLegged(sandbox, folder);
  await demoServiceAccount(sandbox, folder);
  await demoThreeLegged(sandbox, folder);
  await demoPkce(sandbox, folder);
  await demoCompany(sandbox, folder);
  await demoAutodesk(sandbox, folder);
  title('Every sign-in pattern went as expected');
  say('Next: start a server yourself with "npm run 2lo -- --sandbox", or read docs/tutorial/.');
} catch (error) {
  console.error(`\nThe demo failed. ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
}
// Stops whatever a failed demo left running.
process.exit();
