/** A made-up machine for `aps-mcp connect`: its home is a new folder, and what it prints is kept. */
import { join } from 'node:path';
import type { Machine } from '../../scripts/connect/machine.ts';
import { connect } from '../../scripts/connect.ts';
import { newFolder } from './folder.ts';

export type MadeUpMachine = {
  /** What the command knows of it. Its home is its working folder. */
  description: Machine;
  /** Runs the command, and gives what it printed. */
  connect(...args: string[]): Promise<string>;
  /** The path of a file in its home. */
  file(name: string): string;
};

/** @param given - what differs from a Linux machine without a terminal */
export async function newMachine(given: Partial<Machine> = {}): Promise<MadeUpMachine> {
  const home = given.home ?? (await newFolder());
  const description: Machine = {
    home,
    folder: home,
    platform: 'linux',
    variables: {},
    node: process.execPath,
    list: () => [],
    print: () => {},
    ...given,
  };
  return {
    description,
    connect: async (...args) => {
      const printed: string[] = [];
      await connect(args, { ...description, print: (text) => printed.push(text) });
      return printed.join('\n');
    },
    file: (name) => join(home, name),
  };
}
