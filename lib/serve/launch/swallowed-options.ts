/** Options that npm takes for its own because `--` was forgotten. */

type Program = {
  /** What the npm script that starts it contains: the name of a command or a file. */
  name: string;
  /** Its options, by name. */
  options: Record<string, { type: 'string' | 'boolean' }>;
  /** How to start it without a script, with options. */
  commandLine(options: string): string;
};

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
  const swallowed = Object.keys(options).flatMap((name) => {
    const value = process.env[`npm_config_${name.replaceAll('-', '_')}`];
    // npm has a --yes of its own.
    return value && name !== 'yes' && !args.some((arg) => arg.startsWith(`--${name}`))
      ? [{ name, value }]
      : [];
  });
  if (swallowed.length === 0) return undefined;
  // Values that followed their option have arrived, but it is unknown which is whose, unless there is one. Switches have none.
  const takesValue = swallowed.some(({ name }) => options[name]?.type === 'string');
  const arrived = !takesValue || args.some((arg) => arg.startsWith('-')) ? args : [];
  const value = args.length === 1 && arrived.length === 0 ? args[0] : '...';
  const typed = swallowed.map((each) => {
    if (each.value !== 'true') return `--${each.name}=${each.value}`;
    return options[each.name]?.type === 'string' ? `--${each.name} ${value}` : `--${each.name}`;
  });
  const all = [...typed, ...arrived].join(' ');
  const instead = script === 'npx' ? commandLine(all) : `npm run ${script} -- ${all}`;
  const names = swallowed.map(({ name }) => `--${name}`).join(' and ');
  return `npm has taken ${names} for itself. Put -- before the options: ${instead}`;
}
