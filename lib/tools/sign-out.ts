/** The tool with which users end their sign-in. */
import { z } from 'zod';
import type { UserTokens } from '../auth/user-sign-in.ts';
import { answering, callerOf, type ToolHolder } from './tool.ts';

const sentences = {
  'signed out': 'Signed out. The access to Autodesk was revoked; using a tool again asks for a new sign-in.',
  'forgotten only':
    'Signed out here. Autodesk could not be told, so what was given out there expires by itself. Using a tool again asks for a new sign-in.',
  'was not signed in': 'Nobody was signed in.',
} as const;

/** Adds `sign_out` to a server. */
export function addSignOutTool(server: ToolHolder, signIn: UserTokens): void {
  server.addTool({
    name: 'sign_out',
    description: 'Sign the user out of Autodesk: revoke the access that they gave, and forget it here.',
    annotations: { title: 'Sign out', destructiveHint: true, idempotentHint: true, openWorldHint: true },
    parameters: z.strictObject({}),
    outputSchema: z.object({ signed_out: z.boolean(), message: z.string() }),
    execute: answering(async (_args, context) => {
      const outcome = await signIn.signOut(callerOf(context));
      const message = sentences[outcome];
      return {
        content: [{ type: 'text', text: message }],
        structuredContent: { signed_out: outcome !== 'was not signed in', message },
      };
    }),
  });
}
