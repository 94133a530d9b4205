/**
 * An MCP server that signs in to APS with PKCE (authorization code, without a secret): as the person who uses it.
 *
 * Use it when the server runs on people's own machines, where no secret can be kept. A person signs in to Autodesk in
 * a browser and consents; then the server acts for them.
 *
 * You need an APS application of type "Desktop, Mobile, Single-Page App" with the Data Management API and the callback
 * URL http://localhost:5003/callback, and one variable: APS_CLIENT_ID.
 *
 *     npx tsx servers/pkce.ts          stdio: what a desktop MCP client starts
 *     npm run pkce                     HTTP, http://localhost:5003/mcp
 *     npm run pkce -- --sandbox        the same without an Autodesk account
 *
 * https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-3-legged-token-pkce/
 */
import { FastMCP } from 'fastmcp';
import {
  addDataManagementTools,
  addSignOutTool,
  addUserInfoTool,
  apsPublicApplication,
  authorizationCode,
  type Caller,
  createApsClient,
  defineServer,
  startIfMain,
  version,
} from '../lib/index.ts';

// What the person's tokens can be used for.
const scopes = ['data:read'];

export const definition = defineServer({
  name: 'pkce',
  apsSignIn: 'PKCE (authorization code without a secret), as the person who signs in',
  port: 5003,
  userScopes: scopes,
  variables: apsPublicApplication,

  create(settings, { browser }) {
    // Where access tokens come from: from the person, who is asked to sign in, in a browser. Instead of a secret, each
    // sign-in has its own verifier (PKCE, RFC 7636): only the program that started it can finish it.
    const users = authorizationCode({
      clientId: settings.APS_CLIENT_ID,
      baseUrl: settings.APS_BASE_URL,
      scopes,
      browser,
    });

    // The client of the APS web APIs: it adds the caller's token to each request, and retries transient failures.
    const aps = createApsClient({ baseUrl: settings.APS_BASE_URL, tokens: users });

    // The MCP server: its name, instructions for the model that uses it, and its tools.
    const server = new FastMCP<Caller>({
      name: 'APS PKCE Demo',
      version,
      instructions:
        'Reads the Data Management API of Autodesk Platform Services for the user who signed in: it lists their hubs ' +
        'and projects, and the folders, items and versions in them. Start with list_hubs; each result has the ids ' +
        'that the next tool needs. If a result has auth_url, the user must open it in a browser and sign in; then ' +
        'call the tool again.',
    });
    addDataManagementTools(server, aps);
    addUserInfoTool(server, aps);
    addSignOutTool(server, aps, users);
    return { server, users };
  },
});

// Started as a program, it speaks over stdio: the transport of `fastmcp dev` and of desktop MCP clients.
await startIfMain(import.meta.url, definition);
