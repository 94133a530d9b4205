/**
 * An MCP server that signs in to APS with 2-legged OAuth (client credentials): as the application itself.
 *
 * Use it when no user is involved and the data belongs to the application, such as its own OSS buckets.
 *
 * You need an APS application of type "Traditional Web App" or "Server-to-Server App" with the Data Management
 * API, and two variables: APS_CLIENT_ID and APS_CLIENT_SECRET.
 *
 *     npm run 2lo                      HTTP, http://localhost:5000/mcp
 *     npm run 2lo -- --sandbox         the same without an Autodesk account
 *     npx tsx servers/2lo.ts           stdio
 *
 * https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-2-legged-token/
 */
import { FastMCP } from 'fastmcp';
import {
  addOssTools,
  apsApplication,
  type Caller,
  clientCredentials,
  createApsClient,
  defineServer,
  startIfMain,
  version,
} from '../lib/index.ts';

export const definition = defineServer({
  name: '2lo',
  apsSignIn: '2-legged (client credentials), as the application itself',
  port: 5000,
  variables: apsApplication,

  create(settings) {
    // Where access tokens come from. One token serves all callers: it belongs to the application.
    const tokens = clientCredentials({
      clientId: settings.APS_CLIENT_ID,
      clientSecret: settings.APS_CLIENT_SECRET,
      baseUrl: settings.APS_BASE_URL,
      scopes: ['bucket:read', 'data:read'],
    });

    // The client of the APS web APIs: it adds the token to each request, and retries transient failures.
    const aps = createApsClient({ baseUrl: settings.APS_BASE_URL, tokens });

    // The MCP server: its name, instructions for the model that uses it, and its tools.
    const server = new FastMCP<Caller>({
      name: 'APS 2LO Demo',
      version,
      instructions:
        'Reads the Object Storage Service (OSS) of Autodesk Platform Services with 2-legged OAuth: ' +
        'it lists the buckets that the configured APS application owns, and the objects in them.',
    });
    addOssTools(server, aps);
    return { server, tokens };
  },
});

// Started as a program, it speaks over stdio: the transport of `fastmcp dev` and of desktop MCP clients.
await startIfMain(import.meta.url, definition);
