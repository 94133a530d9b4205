/** What `aps-mcp connect` needs to know of the machine that it runs on. */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Environment } from '../../lib/config/settings.ts';
import { packageRoot } from '../package-root.ts';

/** A machine, and the person at it. */
export type Machine = {
  platform: NodeJS.Platform;
  /** The person's home folder. */
  home: string;
  /** The folder in which the person typed the command. */
  folder: string;
  variables: Environment;
  /** The absolute path of Node.js. */
  node: string;
  /** The names in a folder; none if there is no such folder. */
  list(folder: string): string[];
  print(text: string): void;
  /** Asks for confirmation; undefined without a terminal. */
  confirm?: (question: string) => Promise<boolean>;
};

/** This machine. */
export function thisMachine(): Machine {
  return {
    platform: process.platform,
    home: homedir(),
    folder: typedIn(),
    variables: process.env,
    node: process.execPath,
    list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
    print: (text) => console.log(text),
    ...(process.stdin.isTTY && { confirm: askAtTerminal }),
  };
}

/** `npm run`, and `npm --prefix` too, start the command in the clone, and name the folder that they were typed in. */
function typedIn(): string {
  const { INIT_CWD, npm_lifecycle_script: script = '' } = process.env;
  const folder = process.cwd();
  // A program further up may have been a script of npm, too.
  return INIT_CWD && script.includes('aps-mcp') && folder === packageRoot() ? INIT_CWD : folder;
}

async function askAtTerminal(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C means no.
  const answer = await terminal.question(`${question} [y/N] `).catch(() => '');
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
