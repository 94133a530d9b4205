/** The commands that CI runs as steps, which are not run again for the pages that name them. */

/** Each command, as the docs have it, with the line of `.ci/run` that runs it. */
export const ciSteps: ReadonlyMap<string, string> = new Map([
  ['npm ci', 'npm ci'],
  ['npm test', 'npm test'],
  ['npm run check', 'npm test'],
  ['npm run demo', 'npm run demo'],
  ['npm run demo -- --all', 'npm run demo -- --all'],
  ['npm run conformance', 'npm run conformance'],
  ['npm run test:package', 'npm run test:package'],
  ['npm run test:inspector', 'npm run test:inspector'],
  ['npm run test:chaos', 'CHAOS_FAULTS=15 npm run test:chaos'],
  ['npm run docs:api', 'npm run docs:api -- --check'],
  ['npm run docs:check', 'npm run docs:check'],
]);

/** The lines that `.ci/run` should have, and does not. */
export function missingSteps(ciScript: string): string[] {
  const lines = ciScript.split('\n').map((line) => line.trim());
  return [...new Set(ciSteps.values())].filter((line) => !lines.includes(line));
}

/** Whether CI runs a command, or each of several that are joined by `&&`. */
function isStep(command: string): boolean {
  return command.split(' && ').every((part) => ciSteps.has(part.trim()));
}

/** A block without the lines that CI runs, and those lines. A line with anything else in it does not count. */
export function withoutCiSteps(block: string): { rest: string; left: string[] } {
  const commandOf = (line: string) => line.replace(/\s+#.*$/, '').trim();
  const lines = block.split('\n');
  const isLeft = (line: string, at: number) =>
    isStep(commandOf(line)) && !lines[at - 1]?.trimEnd().endsWith('\\');
  return {
    rest: lines.filter((line, at) => !isLeft(line, at)).join('\n'),
    left: lines.filter(isLeft).map(commandOf),
  };
}
