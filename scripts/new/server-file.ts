/** The server file of a project: the one in `servers/`, changed for use outside this repository. */

/** The tool that comes with a project. */
export type ProjectTool = {
  /** The tool's own name. */
  name: string;
  /** The file in `tools/`, and its test in `test/`, without an ending. */
  file: string;
  /** The function that adds the tool to a server. */
  add: string;
};

/** How wide the commands in the header of a server file are. */
const commandWidth = 33;

/**
 * Changes what differs in a project: where the library is, how the server is started, and the line that adds the tool.
 *
 * @param source - the text of a file in `servers/`
 * @throws {Error} if the file has changed so that one of these is not found
 */
export function serverFile(source: string, { file, add }: ProjectTool): string {
  const command = new RegExp(`^( \\* {5})(.{${commandWidth}})(?=\\S)`, 'gm');
  const changes: readonly [RegExp, string | ((...found: string[]) => string)][] = [
    [/ from '\.\.\/lib\/index\.ts';$/m, ` from 'aps-mcp';\nimport { ${add} } from './tools/${file}.ts';`],
    [command, (_, indent = '', typed = '') => indent + inProject(typed.trimEnd()).padEnd(commandWidth)],
    [
      /^ *add(?:Oss|DataManagement)Tools\(server, aps\);$/m,
      `$&\n    ${add}(server, aps); // Your tool: change it in tools/${file}.ts`,
    ],
  ];
  let text = source.replaceAll('`npm run ssa:setup`', '`npx aps-mcp ssa-setup`');
  for (const [pattern, replacement] of changes) {
    if (text.search(pattern) < 0) throw new Error(`The server file has changed: it has no ${pattern}`);
    text =
      typeof replacement === 'string'
        ? text.replace(pattern, replacement)
        : text.replace(pattern, replacement);
  }
  return text;
}

/** A command of this repository as a project has it. */
function inProject(command: string): string {
  return command
    .replace(/^npm run \w+/, 'npm run dev')
    .replace(/^npx tsx servers\/\w+\.ts/, 'npx tsx server.ts');
}
