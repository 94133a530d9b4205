/** The command `aps-mcp` as a bundle: Node.js reads few files, and only those that a start needs. */
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';

/**
 * Makes the bundle, split into chunks.
 *
 * @param outdir - where to, from the folder of the project
 * @param options - for esbuild, besides those that every bundle needs
 * @returns what is in it
 */
export async function bundle(outdir: string, options: BuildOptions = {}): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    entryPoints: ['scripts/aps-mcp.ts'],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    alias: {
      'mcp-proxy': './scripts/build/no-mcp-proxy.ts',
      // Its CommonJS files require one another in a way that no bundler sees.
      'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
    },
    external: [
      // FastMCP loads these if they are installed. It does without them.
      ...['sury', 'effect', '@valibot/to-json-schema'],
      // They have a binary for each platform.
      ...['libsql', '@napi-rs/keyring'],
    ],
    // Some dependencies are CommonJS, and require what Node.js has built in.
    banner: {
      js: "import{createRequire as toRequire}from'node:module';const require=toRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'warning',
    ...options,
    metafile: true,
  });
  return metafile;
}
