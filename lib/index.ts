/** Everything that a server in `servers/` needs, and nothing else. */
export { type ApsClient, createApsClient } from './aps/client.ts';
export { ApsError } from './aps/errors.ts';
export { authorizationCode } from './aps-sign-in/authorization-code.ts';
export { clientCredentials } from './aps-sign-in/client-credentials.ts';
export { serviceAccount } from './aps-sign-in/service-account.ts';
export type { Caller } from './caller.ts';
export {
  apsApplication,
  apsPublicApplication,
  apsServiceAccount,
  apsUserSignIn,
} from './config/variables.ts';
export { defineServer, startIfMain } from './serve/launch/start.ts';
export { addDataManagementTools } from './tools/data-management.ts';
export { addOssTools } from './tools/oss.ts';
export { addSignOutTool } from './tools/sign-out.ts';
export { addApsTool, listOf } from './tools/tool.ts';
export { version } from './version.ts';
