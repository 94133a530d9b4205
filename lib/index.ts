/**
 * What you need to write an MCP server for Autodesk Platform Services (APS): the APS sign-ins, the client of the APS web
 * APIs, the tools and the launcher. A file in `servers/` uses nothing else of this project.
 *
 * @module aps-mcp
 */
export { type ApsClient, type ApsSession, createApsClient } from './aps/client.ts';
export { ApsError } from './aps/errors.ts';
export type { RetryPolicy } from './aps/http.ts';
export { type AuthorizationCode, authorizationCode } from './aps-sign-in/authorization-code.ts';
export { type ClientCredentials, clientCredentials } from './aps-sign-in/client-credentials.ts';
export type { ApsApplication } from './aps-sign-in/oauth.ts';
export { type ServiceAccount, serviceAccount } from './aps-sign-in/service-account.ts';
export type { Caller } from './caller.ts';
export {
  apsApplication,
  apsPublicApplication,
  apsServiceAccount,
  apsUserSignIn,
} from './config/aps-variables.ts';
export type { Settings, Variables } from './config/settings.ts';
export type { ServerDefinition, ServerDescription, ServingContext } from './serve/launch/definition.ts';
export { defineServer, startIfMain } from './serve/launch/start.ts';
export type { TokenSource, UserTokens } from './token-source.ts';
export { addDataManagementTools } from './tools/data-management.ts';
export { listOf } from './tools/list-output.ts';
export { addOssTools } from './tools/oss.ts';
export { addSignOutTool } from './tools/sign-out.ts';
export {
  type ApsListTool,
  type ApsTool,
  addApsTool,
  type SliceRequest,
  type ToolCall,
  type ToolServer,
} from './tools/tool.ts';
export { addUserInfoTool } from './tools/user-info.ts';
export { version } from './version.ts';
