// A bare FastMCP server, as its documentation begins: a baseline for the bench of starts. It is JavaScript, as ours is then.
import { FastMCP } from 'fastmcp';
import { z } from 'zod';

const server = new FastMCP({ name: 'Hello', version: '1.0.0' });
server.addTool({
  name: 'hello',
  description: 'Says hello',
  parameters: z.object({ name: z.string() }),
  execute: async ({ name }) => `Hello, ${name}!`,
});
await server.start({ transportType: 'stdio' });
