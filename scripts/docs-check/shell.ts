/** The terminal of a page's reader: bash, where each block begins in the folder and with the variables that the last one left. */
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from './place.ts';

/** The folder in which the last command left the reader. */
export async function workingFolder({ root, state }: Place): Promise<string> {
  const kept = await readFile(join(state, 'folder'), 'utf8').catch(() => '');
  return realpath(kept.trim() || root);
}

/**
 * The command that runs a block in bash.
 *
 * @param options.keep - leave its folder and variables for the next block
 */
export function shell(
  block: string,
  { state }: Place,
  { keep }: { keep: boolean },
): readonly [string, ...string[]] {
  const passing = String.raw`^declare -[a-zA-Z]*r|^declare -\S+ (BASH|DIRSTACK|FUNCNAME|GROUPS|PIPESTATUS|SHLVL|_=)`;
  const save = `trap 'pwd -P > "${state}/folder"; declare -p | grep -Ev "${passing}" > "${state}/variables"' EXIT`;
  const load = `if [ -f "${state}/variables" ]; then . "${state}/variables"; fi`;
  return ['bash', '-e', '-c', [load, keep ? save : ':', block].join('\n')];
}
