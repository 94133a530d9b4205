// The server file of a new project is the one in `servers/`. Every line that differs is here.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectFiles, type SignIn, signIns } from '../../../scripts/new/project.ts';
import { serverFile } from '../../../scripts/new/server-file.ts';
import { pathOf } from '../../support/programs.ts';

/** Lines of a file in `servers/`, each with what a project has instead. */
type Differences = readonly (readonly [line: string, ...instead: string[]])[];

const import_ = (add: string, file: string) =>
  [`} from '../lib/index.ts';`, `} from 'aps-mcp';`, `import { ${add} } from './tools/${file}.ts';`] as const;

const getProject: Differences = [
  import_('addGetProject', 'get-project'),
  [
    '    addDataManagementTools(server, aps);',
    '    addDataManagementTools(server, aps);',
    '    addGetProject(server, aps); // Your tool: change it in tools/get-project.ts',
  ],
];

const differences: Record<SignIn, Differences> = {
  '2lo': [
    [
      ' *     npm run 2lo                      HTTP, http://localhost:5000/mcp',
      ' *     npm run dev                      HTTP, http://localhost:5000/mcp',
    ],
    [
      ' *     npm run 2lo -- --sandbox         the same without an Autodesk account',
      ' *     npm run dev -- --sandbox         the same without an Autodesk account',
    ],
    [' *     npx tsx servers/2lo.ts           stdio', ' *     npx tsx server.ts                stdio'],
    import_('addGetBucketDetails', 'get-bucket-details'),
    [
      '    addOssTools(server, aps);',
      '    addOssTools(server, aps);',
      '    addGetBucketDetails(server, aps); // Your tool: change it in tools/get-bucket-details.ts',
    ],
  ],
  ssa: [
    [
      ' * key for it. `npm run ssa:setup` creates the last two. The variables: APS_CLIENT_ID and APS_CLIENT_SECRET;',
      ' * key for it. `npx aps-mcp ssa-setup` creates the last two. The variables: APS_CLIENT_ID and APS_CLIENT_SECRET;',
    ],
    [
      ' *     npm run ssa                      HTTP, http://localhost:5001/mcp',
      ' *     npm run dev                      HTTP, http://localhost:5001/mcp',
    ],
    [
      ' *     npm run ssa -- --sandbox         the same without an Autodesk account',
      ' *     npm run dev -- --sandbox         the same without an Autodesk account',
    ],
    [' *     npx tsx servers/ssa.ts           stdio', ' *     npx tsx server.ts                stdio'],
    ...getProject,
  ],
  '3lo': [
    [
      ' *     npm run 3lo                      HTTP, http://localhost:5002/mcp',
      ' *     npm run dev                      HTTP, http://localhost:5002/mcp',
    ],
    [
      ' *     npm run 3lo -- --sandbox         the same without an Autodesk account',
      ' *     npm run dev -- --sandbox         the same without an Autodesk account',
    ],
    [' *     npx tsx servers/3lo.ts           stdio', ' *     npx tsx server.ts                stdio'],
    ...getProject,
  ],
  pkce: [
    [
      ' *     npx tsx servers/pkce.ts          stdio: what a desktop MCP client starts',
      ' *     npx tsx server.ts                stdio: what a desktop MCP client starts',
    ],
    [
      ' *     npm run pkce                     HTTP, http://localhost:5003/mcp',
      ' *     npm run dev                      HTTP, http://localhost:5003/mcp',
    ],
    [
      ' *     npm run pkce -- --sandbox        the same without an Autodesk account',
      ' *     npm run dev -- --sandbox         the same without an Autodesk account',
    ],
    ...getProject,
  ],
};

test.each(signIns)(
  'server.ts of a %s project is the file in servers/, but for the lines listed here',
  (signIn) => {
    const source = readFileSync(pathOf(`servers/${signIn}.ts`), 'utf8').split('\n');
    const listed = differences[signIn];
    for (const [line] of listed) expect(source.filter((each) => each === line)).toHaveLength(1);
    const expected = source.flatMap((line) => listed.find(([each]) => each === line)?.slice(1) ?? [line]);
    expect(projectFiles(signIn, { name: 'mine' }).get('server.ts')?.split('\n')).toEqual(expected);
  },
);

test('a server file in which a line to change is gone makes no project', () => {
  const source = readFileSync(pathOf('servers/2lo.ts'), 'utf8');
  const tool = { name: 'x', file: 'x', add: 'addX' };
  for (const line of ['addOssTools(server, aps);', '../lib/index.ts'])
    expect(() => serverFile(source.replace(line, ''), tool)).toThrow('The server file has changed');
});
