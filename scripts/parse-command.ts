/** The command line of a command that takes a name besides its options. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { StartupError } from '../lib/startup-error.ts';

/** @throws {StartupError} for an option that the command does not have, or without its value */
export function parseCommand<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
) {
  try {
    return parseArgs({ args, allowPositionals: true, options, tokens: true });
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new StartupError(`${message}. --help explains this command.`);
  }
}
