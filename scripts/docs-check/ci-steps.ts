/** The commands that CI runs as steps, which are not run again for the pages that name them. */

/** Each command, as the docs have it, with the line of `.ci/run` that runs it. */
export const ciSteps: ReadonlyMap<string, string> = new Map([
  ['npm ci', 'npm ci'],
  ['npm test', 'npm test'],
  ['npm run check', 'npm test'],
  ['npm run demo', 'npm run demo'],
  ['npm run conformance', 'npm run conformance'],
  ['npm run test:package', 'npm run test:package'],
  ['npm run docs:api', 'npm run docs:api -- --check'],
  ['npm run docs:check', 'npm run docs:check'],
]);

/** The lines that `.ci/run` should have, and does not. */
export function missingSteps(ciScript: string): string[] {
  const lines = ciScript.split('\n').map((line) => line.trim());
  return [...new Set(ciSteps.values())].filter((line) => !lines.includes(line));
}

/** A block without the lines that CI runs, and those lines. Whatever else a line has, it is no such line. */
export function withoutCiSteps(block: string): { rest: string; left: string[] } {
  const commandOf = (line: string) => line.replace(/\s+#.*$/, '').trim();
  const lines = block.split('\n');
  const isLeft = (line: string, at: number) =>
    ciSteps.has(commandOf(line)) && !lines[at - 1]?.trimEnd().endsWith('\\');
  return {
    rest: lines.filter((line, at) => !isLeft(line, at)).join('\n'),
    left: lines.filter(isLeft).map(commandOf),
  };
}
