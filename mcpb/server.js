/**
 * What a host of the MCP bundle starts: `pkce` over stdio, with the Client ID that its user has entered, or with the sandbox.
 */
const clientId = process.env.APS_CLIENT_ID?.trim();
// Some hosts leave a reference to what nobody has entered as it is.
const entered = clientId && !clientId.startsWith('${');
if (!entered) console.error('There is no Client ID, so this server works with the sandbox: nothing is real.');

process.argv.splice(2, Infinity, 'pkce', '--transport', 'stdio', ...(entered ? [] : ['--sandbox']));
await import('./bin/aps-mcp.js');
