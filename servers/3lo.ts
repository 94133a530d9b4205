/**
 * An MCP server that signs in to APS with 3-legged OAuth (authorization code): as each of its users.
 *
 * When to use it: the assistant works for people, each of whom may see their own data and nothing else. A person
 * signs in to Autodesk in a browser and consents; the server then acts for them.
 *
 * It needs an APS application of type "Traditional Web App" with the Data Management API and the callback URL
 * http://localhost:5002/callback, and two variables: APS_CLIENT_ID and APS_CLIENT_SECRET.
 *
 *     npm run 3lo                      HTTP, http://localhost:5002/mcp
 *     npm run 3lo -- --sandbox         the same without an Autodesk account
 *     npx tsx servers/3lo.ts           stdio
 *
 * https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-3-legged-token/
 */
import { FastMCP } from 'fastmcp';
import { createApsClient } from '../lib/aps/client.ts';
import { authorizationCode } from '../lib/auth/authorization-code.ts';
import type { Caller } from '../lib/auth/token-source.ts';
import { apsUserSignIn } from '../lib/config.ts';
import { defineServer } from '../lib/serve/definition.ts';
import { isProgram, start } from '../lib/serve/start.ts';
import { addDataManagementTools } from '../lib/tools/data-management.ts';
import { addSignOutTool } from '../lib/tools/sign-out.ts';
import { version } from '../lib/version.ts';

// What users' tokens may be used for.
const scopes = ['data:read'];

export const definition = defineServer({
  name: '3lo',
  signIn: '3-legged (authorization code), as each user who signs in',
  port: 5002,
  userScopes: scopes,
  variables: apsUserSignIn,

  create(settings, { accountTokens, callbackUrl, confirmUrl }) {
    // Where access tokens come from: from the users. A caller who has not signed in is asked to, in a browser; each
    // caller's tokens are kept apart, and renewed when they expire. With --client-auth autodesk they have signed in
    // already, on the way to their MCP client.
    const signIn =
      accountTokens ??
      authorizationCode({
        clientId: settings.APS_CLIENT_ID,
        clientSecret: settings.APS_CLIENT_SECRET,
        baseUrl: settings.APS_BASE_URL,
        pkce: settings.APS_PKCE,
        scopes,
        callbackUrl,
        confirmUrl,
      });

    // The door to the APS web APIs: it puts the caller's token on each request, and tries again what deserves it.
    const aps = createApsClient({ baseUrl: settings.APS_BASE_URL, tokens: signIn });

    // The MCP server: a name, words for the model that uses it, and tools.
    const server = new FastMCP<Caller>({
      name: 'APS 3LO Demo',
      version,
      instructions:
        'Reads the Data Management API of Autodesk Platform Services for the user who signed in: it lists their hubs ' +
        'and projects, and the folders, items and versions in them. Start with list_hubs; each result has the ids ' +
        'that the next tool takes. If a result has auth_url, the user must open it in a browser and sign in; then ' +
        'call the tool again.',
    });
    addDataManagementTools(server, aps);
    addSignOutTool(server, signIn);
    return { server, signIn };
  },
});

// Started as a program, it speaks over stdio: the transport of `fastmcp dev` and of desktop MCP clients.
if (isProgram(import.meta.url))
  await start(definition, {
    args: process.argv.slice(2),
    transport: 'stdio',
    command: 'npx tsx servers/3lo.ts',
  });
