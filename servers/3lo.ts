/**
 * An MCP server that signs in to APS with 3-legged OAuth (authorization code): as each of its users.
 *
 * Use it when an assistant works for people, each with access to their own data only. A person signs in to Autodesk
 * in a browser and consents; then the server acts for them.
 *
 * You need an APS application of type "Traditional Web App" with the Data Management API and the callback URL
 * http://localhost:5002/callback, and two variables: APS_CLIENT_ID and APS_CLIENT_SECRET.
 *
 *     npm run 3lo                      HTTP, http://localhost:5002/mcp
 *     npm run 3lo -- --sandbox         the same without an Autodesk account
 *     npx tsx servers/3lo.ts           stdio
 *
 * https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-3-legged-token/
 */
import { FastMCP } from 'fastmcp';
import {
  addDataManagementTools,
  addSignOutTool,
  addUserInfoTool,
  apsUserSignIn,
  authorizationCode,
  type Caller,
  createApsClient,
  defineServer,
  startIfMain,
  version,
} from '../lib/index.ts';

// What users' tokens can be used for.
const scopes = ['data:read'];

export const definition = defineServer({
  name: '3lo',
  apsSignIn: '3-legged (authorization code), as each user who signs in',
  port: 5002,
  userScopes: scopes,
  variables: apsUserSignIn,

  create(settings, { browser, accountTokens }) {
    // Where access tokens come from: from the users. A caller who has not signed in is asked to, in a browser; the
    // tokens of each caller are kept apart, and renewed before they expire. With --client-auth autodesk, users have
    // already signed in on the way to their MCP client.
    const users =
      accountTokens ??
      authorizationCode({
        clientId: settings.APS_CLIENT_ID,
        clientSecret: settings.APS_CLIENT_SECRET,
        baseUrl: settings.APS_BASE_URL,
        pkce: settings.APS_PKCE,
        scopes,
        browser,
      });

    // The client of the APS web APIs: it adds the caller's token to each request, and retries transient failures.
    const aps = createApsClient({ baseUrl: settings.APS_BASE_URL, tokens: users });

    // The MCP server: its name, instructions for the model that uses it, and its tools.
    const server = new FastMCP<Caller>({
      name: 'APS 3LO Demo',
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
