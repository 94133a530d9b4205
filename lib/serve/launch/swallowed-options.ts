/** Options that npm takes for its own because `--` was forgotten. */

type Program = {
  /** What the npm script that starts it contains: the name of a command or a file. */
  name: string;
  /** Its options, by name. */
  options: Record<string, { type: 'string' | 'boolean' }>;
  /** How to start it without a script, with options. */
  commandLine(options: string): string;
};

/** Switches that npm completes to options of its own, which are never `true`. */
const completed: Record<string, string> = { replace: 'replace_registry_host' };

/**
 * What to type instead, if npm has swallowed options: without `--` before them, it takes those of `npm run 2lo --sandbox` for
 * its own, and hands them on as variables such as `npm_config_sandbox`.
 *
 * @param args - the command line, as it arrived
 * @returns undefined if npm has swallowed none
 */
export function swallowedByNpm(
  { name: program, options, commandLine }: Program,
  args: readonly string[],
): string | undefined {
  const { npm_lifecycle_event: script, npm_lifecycle_script: line = '' } = process.env;
  // A program further up may have been a script of npm, too.
  if (!script || !line.includes(program)) return undefined;
  const found = Object.keys(options).flatMap((name) => {
    const value = valueFrom(name);
    return value && !args.some((arg) => arg.startsWith(`--${name}`)) ? [{ name, value }] : [];
  });
  // npm has a --yes of its own, which npx and pipelines set: alone, it was not meant for the program.
  const swallowed = found.some(({ name }) => name !== 'yes') && script !== 'npx' ? found : withoutYes(found);
  if (swallowed.length === 0) return undefined;
  const instead = (typed: string) =>
    script === 'npx' ? commandLine(typed) : `npm run ${script} -- ${typed}`;
  const isLost = ({ name, value }: Swallowed) => options[name]?.type === 'string' && value === 'true';
  const lost = swallowed.filter(isLost);
  // Values that followed their option have arrived, but it is unknown which is whose, unless there is one.
  if (lost.length > 0 && (lost.length > 1 || args.length !== 1))
    return (
      `npm has taken ${listOf(swallowed)} for itself, and does not tell which value belongs to ${listOf(lost)}. ` +
      `Type the command again, with -- before the options: ${instead('...')}`
    );
  const typed = swallowed.map((each) => {
    if (isLost(each)) return `--${each.name} ${args[0]}`;
    return each.value === 'true' ? `--${each.name}` : `--${each.name}=${each.value}`;
  });
  const all = [...(lost.length > 0 ? [] : args), ...typed].join(' ');
  return `npm has taken ${listOf(swallowed)} for itself. Put -- before the options: ${instead(all)}`;
}

type Swallowed = { name: string; value: string };

const listOf = (found: Swallowed[]) => found.map(({ name }) => `--${name}`).join(' and ');

const withoutYes = (found: Swallowed[]) => found.filter(({ name }) => name !== 'yes');

function valueFrom(name: string): string | undefined {
  const variable = (known: string) => process.env[`npm_config_${known}`];
  const value = variable(name.replaceAll('-', '_'));
  if (value) return value;
  const other = completed[name];
  return other && variable(other) === 'true' ? 'true' : undefined;
}
