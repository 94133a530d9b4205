/**
 * `npm run build:mcpb`: packs `pkce`, as it was built into `dist/bin/`, into the MCP bundle `aps-mcp-pkce.mcpb`. A desktop
 * application installs it with a click (https://github.com/modelcontextprotocol/mcpb).
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packExtension } from '@anthropic-ai/mcpb';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bundle = mkdtempSync(join(tmpdir(), 'aps-mcp-bundle-'));
try {
  for (const [from, to] of [
    ['mcpb/manifest.json', 'manifest.json'],
    ['mcpb/server.js', 'server.js'],
    ['dist/bin', 'bin'],
    ['LICENSE', 'LICENSE'],
  ] as const)
    cpSync(join(root, from), join(bundle, to), { recursive: true });
  writeFileSync(join(bundle, 'package.json'), '{ "type": "module" }\n');
  // It checks the manifest first.
  const packed = await packExtension({ extensionPath: bundle, outputPath: join(root, 'aps-mcp-pkce.mcpb') });
  if (!packed) process.exitCode = 1;
} finally {
  rmSync(bundle, { recursive: true, force: true });
}
