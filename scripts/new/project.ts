/** The files of a new project: from `template/`, `servers/` and the versions in `package.json`. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';
import { type ProjectTool, serverFile } from './server-file.ts';

export const signIns = ['2lo', 'ssa', '3lo', 'pkce'] as const;
export type SignIn = (typeof signIns)[number];

const bucketTool: ProjectTool = {
  name: 'get_bucket_details',
  file: 'get-bucket-details',
  add: 'addGetBucketDetails',
};
const projectTool: ProjectTool = { name: 'get_project', file: 'get-project', add: 'addGetProject' };

type Plan = {
  tool: ProjectTool;
  /** Folders in `template/`: files of later ones replace those of earlier ones. */
  folders: readonly string[];
  port: number;
  /** What points a server at a sandbox, in code, after `...`. */
  sandboxEnv: string;
};

const plans: Record<SignIn, Plan> = {
  '2lo': { tool: bucketTool, folders: ['project', '2lo'], port: 5000, sandboxEnv: 'sandbox.env' },
  ssa: {
    ...{ tool: projectTool, folders: ['project', 'data-management', 'ssa'] },
    ...{ port: 5001, sandboxEnv: 'sandbox.env' },
  },
  '3lo': {
    ...{ tool: projectTool, folders: ['project', 'data-management', 'users', '3lo'] },
    ...{ port: 5002, sandboxEnv: 'sandbox.env' },
  },
  pkce: {
    ...{ tool: projectTool, folders: ['project', 'data-management', 'users', 'pkce'] },
    ...{ port: 5003, sandboxEnv: 'sandbox.env, APS_CLIENT_ID: sandbox.publicClientId' },
  },
};

/** The tool that comes with a project. */
export const toolOf = (signIn: SignIn): ProjectTool => plans[signIn].tool;

/** The default port of its server. */
export const portOf = (signIn: SignIn): number => plans[signIn].port;

/**
 * The files of a project: text by path, with `/` between folders.
 *
 * @param options.name - the name of its package
 * @param options.apsMcp - which `aps-mcp` it depends on, as `package.json` says that; by default the version of this one
 */
export function projectFiles(
  signIn: SignIn,
  { name, apsMcp }: { name: string; apsMcp?: string },
): Map<string, string> {
  const { tool, folders, port, sandboxEnv } = plans[signIn];
  const root = packageRoot();
  const values: Record<string, string> = {
    ...{ NAME: name, SIGN_IN: signIn, PORT: String(port), SANDBOX_ENV: sandboxEnv },
    ...{ TOOL: tool.name, TOOL_FILE: tool.file },
  };
  const files = new Map([['package.json', packageFile(root, name, apsMcp)]]);
  for (const folder of folders) {
    for (const path of filesIn(join(root, 'template', folder))) {
      const text = readFileSync(join(root, 'template', folder, path), 'utf8');
      // npm leaves a .gitignore out of packages.
      const target = path === 'gitignore' ? '.gitignore' : path;
      files.set(
        target,
        text.replaceAll(/__([A-Z_]+?)__/g, (marked, key) => values[key] ?? marked),
      );
    }
  }
  const source = readFileSync(join(root, 'servers', `${signIn}.ts`), 'utf8');
  return files.set('server.ts', serverFile(source, tool));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}

type Manifest = { version: string; engines: object } & Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>;

/** The packages that a project needs, in the versions of this one. */
const needed = {
  dependencies: ['fastmcp', 'tsx', 'zod'],
  devDependencies: ['@modelcontextprotocol/client', '@types/node', 'typescript', 'vitest'],
};

/** Names that a project cannot have: npm installs no package into one of the same name. */
export const takenNames = ['aps-mcp', ...needed.dependencies, ...needed.devDependencies];

function packageFile(root: string, name: string, apsMcp?: string): string {
  const ours: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const versions = { ...ours.dependencies, ...ours.devDependencies };
  const of = (names: string[]) => Object.fromEntries(names.map((each) => [each, versions[each]]));
  const start = 'node --import tsx server.ts --transport http';
  const manifest = {
    ...{ name, version: '0.1.0', private: true, type: 'module', engines: ours.engines },
    scripts: { dev: start, start, test: 'vitest run', check: 'tsc' },
    dependencies: { 'aps-mcp': apsMcp ?? `^${ours.version}`, ...of(needed.dependencies) },
    devDependencies: of(needed.devDependencies),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
