/** The tool with which users end their sign-in. */
import { z } from 'zod';
import type { ApsClient } from '../aps/client.ts';
import type { UserTokens } from '../token-source.ts';
import { addApsTool, type ToolServer } from './tool.ts';

const messages = {
  'signed out': 'Signed out. Access to Autodesk was revoked. Using a tool again requires a new sign-in.',
  'deleted only':
    'Signed out here. Autodesk could not be reached, so the access there lasts until it expires. Using a tool again requires a new sign-in.',
  'was not signed in': 'Nobody was signed in.',
} as const;

/**
 * Adds `sign_out` to a server. It ends the caller's sign-in, here and at Autodesk.
 *
 * @param users - the tokens that `aps` uses
 *
 * @example
 * import { addSignOutTool, type Caller, createApsClient, type UserTokens, version } from 'aps-mcp';
 * import { FastMCP } from 'fastmcp';
 *
 * export function serverOf(baseUrl: string, users: UserTokens) {
 *   const server = new FastMCP<Caller>({ name: 'Mine', version });
 *   addSignOutTool(server, createApsClient({ baseUrl, tokens: users }), users);
 *   return { server, users };
 * }
 */
export function addSignOutTool(server: ToolServer, aps: ApsClient, users: UserTokens): void {
  addApsTool(server, aps, {
    name: 'sign_out',
    title: 'Sign out',
    description:
      'Sign the user out of Autodesk: revoke the access that they gave, and delete their tokens here.',
    annotations: { destructiveHint: true, idempotentHint: true, openWorldHint: true },
    parameters: z.strictObject({}),
    output: z.object({ signed_out: z.boolean(), message: z.string() }),
    needsSignIn: false,
    text: ({ message }) => message,
    async execute(_args, { caller }) {
      const outcome = await users.signOut(caller);
      return { signed_out: outcome !== 'was not signed in', message: messages[outcome] };
    },
  });
}
