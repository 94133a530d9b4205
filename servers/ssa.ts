/**
 * An MCP server that signs in to APS as a Secure Service Account (SSA): with a user's rights, but without a user.
 *
 * Use it for automated work with data that belongs to users, such as the projects of Construction Cloud. The service
 * account has its own identity, and access to what it was invited to.
 *
 * You need an APS application of type "Server-to-Server App" with the Data Management API, a service account and a
 * key for it. `npm run ssa:setup` creates the last two. The variables: APS_CLIENT_ID and APS_CLIENT_SECRET;
 * APS_SSA_ID, APS_SSA_KEY_ID and APS_SSA_KEY_BASE64.
 *
 *     npm run ssa                      HTTP, http://localhost:5001/mcp
 *     npm run ssa -- --sandbox         the same without an Autodesk account
 *     npx tsx servers/ssa.ts           stdio
 *
 * https://aps.autodesk.com/en/docs/ssa/v1/developers_guide/overview/
 */
import { FastMCP } from 'fastmcp';
import {
  addDataManagementTools,
  apsServiceAccount,
  type Caller,
  createApsClient,
  defineServer,
  serviceAccount,
  startIfMain,
  version,
} from '../lib/index.ts';

export const definition = defineServer({
  name: 'ssa',
  apsSignIn: 'secure service account, with access to what it was invited to',
  port: 5001,
  variables: apsServiceAccount,

  create(settings) {
    // Where access tokens come from: an assertion, signed with the service account's private key, is exchanged
    // for a token that acts for the service account. One token serves all callers.
    const tokens = serviceAccount({
      clientId: settings.APS_CLIENT_ID,
      clientSecret: settings.APS_CLIENT_SECRET,
      accountId: settings.APS_SSA_ID,
      keyId: settings.APS_SSA_KEY_ID,
      privateKey: settings.APS_SSA_KEY_BASE64,
      baseUrl: settings.APS_BASE_URL,
      scopes: ['data:read'],
    });

    // The client of the APS web APIs: it adds the token to each request, and retries transient failures.
    const aps = createApsClient({ baseUrl: settings.APS_BASE_URL, tokens });

    // The MCP server: its name, instructions for the model that uses it, and its tools.
    const server = new FastMCP<Caller>({
      name: 'APS SSA Demo',
      version,
      instructions:
        'Reads the Data Management API of Autodesk Platform Services as a secure service account: it lists the ' +
        'hubs and projects that the account was invited to, and the folders, items and versions in them. ' +
        'Start with list_hubs; each result has the ids that the next tool needs.',
    });
    addDataManagementTools(server, aps);
    return { server, tokens };
  },
});

// Started as a program, it speaks over stdio: the transport of `fastmcp dev` and of desktop MCP clients.
await startIfMain(import.meta.url, definition);
