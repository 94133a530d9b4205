/**
 * Refuses requests that came through a proxy, at a server for this machine only. A tunnel that writes `localhost` into `Host`
 * would otherwise let anybody in, though the server was told of no address but its own.
 */
import { html } from 'hono/html';
import { jsonRpcRefusal } from '../client-sign-in/bearer.ts';
import { page } from '../pages/page.ts';

/**
 * What proxies and tunnels add to requests, and clients do not. ngrok, cloudflared, localtunnel, Tailscale, Caddy, and Dev
 * Tunnels, by which VS Code and Codespaces forward ports, send `X-Forwarded-*`. The rest are for those that leave it out:
 * `Forwarded` (RFC 7239), `Via` (RFC 9110, section 7.6.3), `CDN-Loop` (RFC 8586), and what the documentation of nginx,
 * Cloudflare, Dev Tunnels and Tailscale names. Plain TCP, as `ssh -R` forwards it, carries no trace.
 */
const added = /^(forwarded|via|cdn-loop|x-real-ip|cf-connecting-ip|(x-forwarded|x-original|tailscale)-.+)$/;

/** The 403 for a request that came through a proxy: an error of JSON-RPC, or a page for a browser; undefined for others. */
export async function proxiedRefusal({ headers }: Request): Promise<Response | undefined> {
  const header = [...headers.keys()].find((name) => added.test(name));
  if (header === undefined) return undefined;
  const what = `This request came through a proxy or a tunnel (it has the header ${header}), but this server is for programs on its own machine.`;
  const advice =
    'To let others reach it, set MCP_PUBLIC_URL to the https address that they use, and choose who can call it ' +
    '(docs/client-sign-in.md). On its machine, connect to it directly.';
  return headers.get('accept')?.includes('text/html')
    ? page('This server is not open to others', html`<p>${what}</p><p>${advice}</p>`, { status: 403 })
    : jsonRpcRefusal(403, `${what} ${advice}`, {});
}
