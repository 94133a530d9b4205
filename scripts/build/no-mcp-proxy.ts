/**
 * Stands in for `mcp-proxy` in the bundle. FastMCP needs it for its own `start()` over HTTP, which this project replaces; it
 * would be a quarter of what Node.js reads at each start.
 */
export function startHTTPServer(): never {
  throw new Error("This bundle cannot serve FastMCP's own HTTP transport.");
}
