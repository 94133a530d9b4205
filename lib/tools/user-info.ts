/** The tool that says who has signed in: often the first thing that people ask. */
import { z } from 'zod';
import type { ApsClient } from '../aps/client.ts';
import { getUserInfo } from '../aps/user-info.ts';
import { addApsTool, type ToolServer } from './tool.ts';

/**
 * Adds `get_user_info` to a server: the name, the address and the Autodesk ID of the user. It needs a token of a user, with
 * any scope.
 *
 * @example
 * import { type ApsClient, addUserInfoTool, type Caller, version } from 'aps-mcp';
 * import { FastMCP } from 'fastmcp';
 *
 * export function serverOf(aps: ApsClient): FastMCP<Caller> {
 *   const server = new FastMCP<Caller>({ name: 'Mine', version });
 *   addUserInfoTool(server, aps);
 *   return server;
 * }
 */
export function addUserInfoTool(server: ToolServer, aps: ApsClient): void {
  addApsTool(server, aps, {
    name: 'get_user_info',
    title: 'Get user info',
    description: 'Get the name, the email address and the Autodesk ID of the user who signed in.',
    parameters: z.strictObject({}),
    output: z.object({
      autodesk_id: z.string().describe('Identifies the Autodesk account. It never changes.'),
      name: z.string().optional(),
      email: z.string().optional(),
    }),
    text: ({ autodesk_id, name, email }) =>
      [name && `Name: ${name}`, email && `Email: ${email}`, `Autodesk ID: ${autodesk_id}`]
        .filter(Boolean)
        .join('\n'),
    async execute(_args, { session }) {
      const { sub, name, email } = await getUserInfo(session);
      return { autodesk_id: sub, name, email };
    },
  });
}
