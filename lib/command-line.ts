/** What people type to run a command of this project. */

/** In a clone it is TypeScript, and `npm run` starts it; where it is installed, `npx` does. */
const inClone = import.meta.url.endsWith('.ts');

/** The command line of a command, e.g. `npm run key -- NAME` or `npx aps-mcp key NAME`. */
export function commandLine(command: string, options = ''): string {
  if (!inClone) return `npx aps-mcp ${command} ${options}`.trimEnd();
  return `npm run ${command.replace('-', ':')}${options && ` -- ${options}`}`;
}

/** A text as one word of a shell: of PowerShell and cmd on Windows, elsewhere of a POSIX shell, whatever is in it. */
export function shellWord(text: string, platform: NodeJS.Platform = 'linux'): string {
  if (platform === 'win32') return /^[\w./:\\-][\w./:\\=-]*$/.test(text) ? text : `"${text}"`;
  return /^[\w./:@-][\w./:@=-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
