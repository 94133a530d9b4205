/**
 * An MCP server that signs in to APS as a Secure Service Account (SSA): with a user's rights, and without a user.
 *
 * When to use it: automated work with data that belongs to users, such as the projects of Construction Cloud.
 * The service account has an identity of its own, and sees what it has been invited to.
 *
 * It needs an APS application of type "Server-to-Server App" with the Data Management API, a service account and
 * a key for it. `npm run ssa:setup` creates these two. The variables: APS_CLIENT_ID and APS_CLIENT_SECRET;
 * APS_SSA_ID, APS_SSA_KEY_ID and APS_SSA_KEY_BASE64.
 *
 *     npm run ssa                      HTTP, http://localhost:5001/mcp
 *     npm run ssa -- --sandbox         the same without an Autodesk account
 *     npx tsx servers/ssa.ts           stdio
 *
 * https://aps.autodesk.com/en/docs/ssa/v1/developers_guide/overview/
 */
import { FastMCP } from 'fastmcp';
import { createApsClient } from '../lib/aps/client.ts';
import { serviceAccount } from '../lib/auth/service-account.ts';
import type { Caller } from '../lib/auth/token-source.ts';
import { apsServiceAccount } from '../lib/config.ts';
import { defineServer } from '../lib/serve/definition.ts';
import { isProgram, start } from '../lib/serve/start.ts';
import { addDataManagementTools } from '../lib/tools/data-management.ts';
import { version } from '../lib/version.ts';

export const definition = defineServer({
  name: 'ssa',
  signIn: 'secure service account, with the rights it was invited to',
  port: 5001,
  variables: apsServiceAccount,

  create(settings) {
    // Where access tokens come from: a short-lived assertion, signed with the service account's private key,
    // is exchanged for a token that acts for the service account. One serves all callers.
    const tokens = serviceAccount({
      clientId: settings.APS_CLIENT_ID,
      clientSecret: settings.APS_CLIENT_SECRET,
      accountId: settings.APS_SSA_ID,
      keyId: settings.APS_SSA_KEY_ID,
      privateKey: settings.APS_SSA_KEY_BASE64,
      baseUrl: settings.APS_BASE_URL,
      scopes: ['data:read'],
    });

    // The door to the APS web APIs: it puts the token on each request, and tries again what deserves it.
    const aps = createApsClient({ baseUrl: settings.APS_BASE_URL, tokens });

    // The MCP server: a name, words for the model that uses it, and tools.
    const server = new FastMCP<Caller>({
      name: 'APS SSA Demo',
      version,
      instructions:
        'Reads the Data Management API of Autodesk Platform Services as a secure service account: it lists the ' +
        'hubs and projects that the account has been invited to, and the folders, items and versions in them. ' +
        'Start with list_hubs; each result has the ids that the next tool takes.',
    });
    addDataManagementTools(server, aps);
    return server;
  },
});

// Started as a program, it speaks over stdio: the transport of `fastmcp dev` and of desktop MCP clients.
if (isProgram(import.meta.url))
  await start(definition, {
    args: process.argv.slice(2),
    transport: 'stdio',
    command: 'npx tsx servers/ssa.ts',
  });
