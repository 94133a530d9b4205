/**
 * The version of this project, as servers announce it; a test keeps it equal to `package.json`.
 *
 * @example
 * import { version } from 'aps-mcp';
 * import { FastMCP } from 'fastmcp';
 *
 * export const server = new FastMCP({ name: 'Mine', version });
 */
export const version = '0.1.0';
