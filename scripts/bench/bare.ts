/** The tools of `servers/2lo.ts` on the SDK's own `McpServer`, over HTTP: a baseline for the bench. */
import { createMcpHandler, isCallToolResult, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { createApsClient } from '../../lib/aps/client.ts';
import { clientCredentials } from '../../lib/aps-sign-in/client-credentials.ts';
import { apsApplication } from '../../lib/config/aps-variables.ts';
import { readSettings } from '../../lib/config/settings.ts';
import { listen } from '../../lib/serve/http/listen.ts';
import { addOssTools } from '../../lib/tools/oss.ts';
import type { ToolContext, ToolServer } from '../../lib/tools/tool.ts';

const settings = readSettings(apsApplication, process.env);
const baseUrl = settings.APS_BASE_URL;
const tokens = clientCredentials({
  clientId: settings.APS_CLIENT_ID,
  clientSecret: settings.APS_CLIENT_SECRET,
  baseUrl,
  scopes: ['bucket:read', 'data:read'],
});

type Register = (server: McpServer) => void;
const tools: Register[] = [];
const collector: ToolServer = {
  addTool({ name, description, annotations, parameters, outputSchema, execute }) {
    if (!(parameters instanceof z.ZodType && outputSchema instanceof z.ZodType)) throw new Error('not zod');
    const inputSchema: z.ZodType = parameters;
    tools.push((server) =>
      server.registerTool(
        name,
        { description, annotations, inputSchema, outputSchema },
        async (args, context) => {
          // McpServer has already parsed the arguments with this tool's schema.
          const parsed = args as Parameters<typeof execute>[0];
          const result = await execute(parsed, contextWith(context.mcpReq.signal));
          if (!isCallToolResult(result)) throw new Error('not a result');
          return result;
        },
      ),
    );
  },
};
addOssTools(collector, createApsClient({ baseUrl, tokens }));

/** Stands in for FastMCP's context, with only what the tools use. */
function contextWith(signal: AbortSignal): ToolContext {
  const nothing = async () => {};
  const log = { debug: nothing, error: nothing, info: nothing, warn: nothing };
  const elicit = () => Promise.reject(new Error('not here'));
  return {
    client: { version: undefined },
    elicit,
    log,
    reportProgress: nothing,
    session: undefined,
    signal,
    streamContent: nothing,
  };
}

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'bare', version: '0.0.0' });
  for (const register of tools) register(server);
  return server;
});

const listener = await listen('127.0.0.1', 0);
listener.serve((request) => handler.fetch(request));
console.error(`Address ${listener.url}/mcp`);
