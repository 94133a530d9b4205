/** What `aps-mcp new` asks at a terminal. */
import type { Readable, Writable } from 'node:stream';
import { isCancel, type Option, select, text } from '@clack/prompts';
import { StartupError } from '../../lib/startup-error.ts';
import { checkFree, packageName } from './folder.ts';
import type { SignIn } from './project.ts';

export type Answers = { folder: string; signIn: SignIn };

const choices: Option<SignIn>[] = [
  { value: '2lo', label: '2lo', hint: 'as an application; data that it owns, such as OSS buckets' },
  { value: 'ssa', label: 'ssa', hint: 'as a secure service account; automated work, without a user' },
  { value: '3lo', label: '3lo', hint: 'as each user; everybody reads their own data' },
  { value: 'pkce', label: 'pkce', hint: "as the person who uses it; for people's own machines" },
];

/**
 * Asks for what is missing.
 *
 * @param given - what the command line says
 * @param terminal - where to ask; by default the terminal of this process
 * @returns undefined if the person pressed Ctrl-C or Escape
 */
export async function ask(
  given: Partial<Answers>,
  terminal: { input?: Readable; output?: Writable } = {},
): Promise<Answers | undefined> {
  const folder =
    given.folder ??
    (await text({
      ...terminal,
      message: 'In which folder?',
      placeholder: 'my-server',
      defaultValue: 'my-server',
      validate: (answer) => problemOf(answer || 'my-server'),
    }));
  if (isCancel(folder)) return undefined;
  const signIn =
    given.signIn ??
    (await select({ ...terminal, message: 'How does the server sign in to APS?', options: choices }));
  return isCancel(signIn) ? undefined : { folder, signIn };
}

function problemOf(folder: string): string | undefined {
  try {
    packageName(folder);
    checkFree(folder);
    return undefined;
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
}
