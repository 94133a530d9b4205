/** What people type to run a command: `npm run` in a clone, where it is TypeScript; `npx` where it is installed. */
const inClone = import.meta.url.endsWith('.ts');

/** The command line of a command, to which options can be added, e.g. `npm run 2lo --` or `npx aps-mcp 2lo`. */
export function commandLine(command: string): string {
  return inClone ? `npm run ${command.replace('-', ':')} --` : `npx aps-mcp ${command}`;
}
