// MCP Inspector's page, as people use it: it connects to each server, lists its tools and calls one.
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, expect, inject, test, vi } from 'vitest';
import type { ServerDefinition } from '../../lib/serve/launch/definition.ts';
import { definition as twoLegged } from '../../servers/2lo.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { definition as pkce } from '../../servers/pkce.ts';
import { definition as serviceAccount } from '../../servers/ssa.ts';
import { describeInBrowser, signInOnPage } from '../support/browser.ts';
import { closing } from '../support/closing.ts';
import { alice } from '../support/people.ts';
import { freePort } from '../support/ports.ts';
import { pathOf, runCommand } from '../support/programs.ts';
import { demoHubs, type Sandbox, startSandbox } from '../support/sandbox.ts';
import { serveWith } from '../support/signing-in.ts';

const keep = closing();
const folder = inject('inspectorFolder');

/** Starts MCP Inspector for a server: the address of its page. */
async function startInspector(serverUrl: string): Promise<string> {
  const launcher = '@modelcontextprotocol/inspector/clients/launcher/build/index.js';
  const args = [
    join(folder, 'node_modules', launcher),
    '--web',
    '--transport',
    'http',
    '--server-url',
    serverUrl,
  ];
  const { output } = await runCommand(join(folder, 'node_modules/node/bin/node'), args, {
    env: {
      CLIENT_PORT: String(await freePort()),
      MCP_SANDBOX_PORT: String(await freePort()),
      MCP_AUTO_OPEN_ENABLED: 'false',
      MCP_INSPECTOR_SECRET_STORE: 'memory',
      MCP_STORAGE_DIR: join(folder, 'storage'),
    },
  });
  return vi.waitFor(
    () => {
      const [address] = /http:\S+MCP_INSPECTOR_API_TOKEN=\w+/.exec(output.stdout) ?? [];
      if (!address) throw new Error(`It did not say its address, but: ${output.stdout}${output.stderr}`);
      return address;
    },
    { timeout: 60_000, interval: 50 },
  );
}

/** Connects on its page, and calls the tool. */
async function callTool(page: Page, address: string, tool: string): Promise<void> {
  await page.goto(address);
  const connection = page.getByRole('switch', { name: /Connect or disconnect/ });
  // The switch itself is hidden behind its picture.
  if (!(await connection.isChecked())) await connection.click({ force: true });
  await page.getByText('Connected', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Close monitoring sidebar' }).click();
  await page.getByText('Tools', { exact: true }).click();
  await page.getByRole('button', { name: tool }).click();
  await page.getByRole('button', { name: 'Execute Tool' }).click();
}

/** Waits for the results, and expects them to have a text. */
async function expectResults(page: Page, text: string): Promise<void> {
  await page.getByRole('heading', { name: 'Results' }).waitFor();
  await expect.poll(() => page.locator('body').innerText(), { timeout: 10_000 }).toContain(text);
}

describeInBrowser('MCP Inspector’s page', (openWindow) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = keep(await startSandbox());
  });

  /** Serves a definition, and opens MCP Inspector's page for it. */
  async function inspect(definition: ServerDefinition) {
    const { url } = keep(await serveWith(sandbox, definition, 'none', { isSandbox: true }));
    const { page } = await openWindow({ viewport: { width: 1400, height: 800 } });
    return { url, page, address: await startInspector(`${url}/mcp`) };
  }

  test.each([
    [twoLegged, 'list_buckets', 'sandbox-survey-photos'],
    [serviceAccount, 'list_hubs', demoHubs.construction],
  ] as const)('lists the tools of $name and calls one', async (definition, tool, text) => {
    const { page, address } = await inspect(definition);
    await callTool(page, address, tool);
    await expectResults(page, text);
  });

  test.each([threeLegged, pkce])('completes the sign-in of $name and shows the hubs', async (definition) => {
    const { page, address } = await inspect(definition);
    await callTool(page, address, 'list_hubs');
    const opened = page.context().waitForEvent('page');
    await page.getByRole('button', { name: 'Open in Browser' }).click();
    const autodesk = await opened;
    await signInOnPage(autodesk, alice);
    await autodesk.getByRole('heading', { name: 'You are signed in' }).waitFor();
    await page.getByRole('button', { name: 'completed it' }).click();
    for (const hub of alice.hubs) await expectResults(page, hub);
    if (definition === threeLegged && process.env.UPDATE_SCREENSHOTS === '1')
      await page.screenshot({ path: pathOf('docs/images/inspector.png'), animations: 'disabled' });
  });
});
