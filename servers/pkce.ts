/**
 * An MCP server that signs in to APS with PKCE (authorization code, without a secret): as the person who uses it.
 *
 * When to use it: it runs on people's own machines, where no secret can be kept. A person signs in to Autodesk in a
 * browser and consents; the server then acts for them.
 *
 * It needs an APS application of type "Desktop, Mobile, Single-Page App" with the Data Management API and the callback
 * URL http://localhost:5003/callback, and one variable: APS_CLIENT_ID.
 *
 *     npx tsx servers/pkce.ts          stdio: what a desktop MCP client starts
 *     npm run pkce                     HTTP, http://localhost:5003/mcp
 *     npm run pkce -- --sandbox        the same without an Autodesk account
 *
 * https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-3-legged-token-pkce/
 */
import { FastMCP } from 'fastmcp';
import { createApsClient } from '../lib/aps/client.ts';
import { authorizationCode } from '../lib/auth/authorization-code.ts';
import type { Caller } from '../lib/auth/token-source.ts';
import { apsPublicApplication } from '../lib/config.ts';
import { defineServer } from '../lib/serve/definition.ts';
import { isProgram, start } from '../lib/serve/start.ts';
import { addDataManagementTools } from '../lib/tools/data-management.ts';
import { addSignOutTool } from '../lib/tools/sign-out.ts';
import { version } from '../lib/version.ts';

// What the person's tokens may be used for.
const scopes = ['data:read'];

export const definition = defineServer({
  name: 'pkce',
  signIn: 'PKCE (authorization code without a secret), as the person who signs in',
  port: 5003,
  userScopes: scopes,
  variables: apsPublicApplication,

  create(settings, { callbackUrl, confirmUrl }) {
    // Where access tokens come from: from the person, who is asked to sign in, in a browser. In place of a secret, each
    // sign-in has a verifier of its own (PKCE, RFC 7636): only who began it can finish it.
    const signIn = authorizationCode({
      clientId: settings.APS_CLIENT_ID,
      baseUrl: settings.APS_BASE_URL,
      scopes,
      callbackUrl,
      confirmUrl,
    });

    // The door to the APS web APIs: it puts the caller's token on each request, and tries again what deserves it.
    const aps = createApsClient({ baseUrl: settings.APS_BASE_URL, tokens: signIn });

    // The MCP server: a name, words for the model that uses it, and tools.
    const server = new FastMCP<Caller>({
      name: 'APS PKCE Demo',
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
    command: 'npx tsx servers/pkce.ts',
  });
