/**
 * An MCP server that signs in to APS with 2-legged OAuth (client credentials): as the application itself.
 *
 * When to use it: no user is involved, and the data belongs to the application, such as its own OSS buckets.
 *
 * It needs an APS application of type "Traditional Web App" or "Server-to-Server App" with the Data Management
 * API, and two variables: APS_CLIENT_ID and APS_CLIENT_SECRET.
 *
 *     npm run 2lo                      HTTP, http://localhost:5000/mcp
 *     npm run 2lo -- --sandbox         the same without an Autodesk account
 *     npx tsx servers/2lo.ts           stdio
 *
 * https://aps.autodesk.com/en/docs/oauth/v2/tutorials/get-2-legged-token/
 */
import { FastMCP } from 'fastmcp';
import { createApsClient } from '../lib/aps/client.ts';
import { clientCredentials } from '../lib/auth/client-credentials.ts';
import type { Caller } from '../lib/auth/token-source.ts';
import { apsApplication } from '../lib/config.ts';
import { defineServer } from '../lib/serve/definition.ts';
import { isProgram, start } from '../lib/serve/start.ts';
import { addOssTools } from '../lib/tools/oss.ts';
import { version } from '../lib/version.ts';

export const definition = defineServer({
  name: '2lo',
  signIn: '2-legged (client credentials), as the application itself',
  port: 5000,
  variables: apsApplication,

  create(settings) {
    // Where access tokens come from. One serves all callers: it belongs to the application.
    const tokens = clientCredentials({
      clientId: settings.APS_CLIENT_ID,
      clientSecret: settings.APS_CLIENT_SECRET,
      baseUrl: settings.APS_BASE_URL,
      scopes: ['bucket:read', 'data:read'],
    });

    // The door to the APS web APIs: it puts the token on each request, and tries again what deserves it.
    const aps = createApsClient({ baseUrl: settings.APS_BASE_URL, tokens });

    // The MCP server: a name, words for the model that uses it, and tools.
    const server = new FastMCP<Caller>({
      name: 'APS 2LO Demo',
      version,
      instructions:
        'Reads the Object Storage Service (OSS) of Autodesk Platform Services with 2-legged OAuth: ' +
        'it lists the buckets that the configured APS application owns, and the objects in them.',
    });
    addOssTools(server, aps);
    return server;
  },
});

// Started as a program, it speaks over stdio: the transport of `fastmcp dev` and of desktop MCP clients.
if (isProgram(import.meta.url))
  await start(definition, {
    args: process.argv.slice(2),
    transport: 'stdio',
    command: 'npx tsx servers/2lo.ts',
  });
