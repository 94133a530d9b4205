/** Reading settings: environment variables and `.env`, once, each checked against its schema. */
import { resolve } from 'node:path';
import { config as readDotenv } from 'dotenv';
import { z } from 'zod';
import { StartupError } from '../startup-error.ts';
import { guide, launchVariables } from './variables.ts';

/** Environment variables by name, as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables by name, with a schema each. */
export type Variables = z.core.$ZodShape;

/** What variables are read as. */
export type Settings<Shape extends Variables> = z.output<z.ZodObject<Shape>>;

/** Something is wrong with the settings. The message is complete, and made for the person at the terminal. */
export class SettingsError extends StartupError {
  override readonly name = 'SettingsError';
}

/**
 * Reads the environment of this process, completed with a `.env` file. Real variables win. Prints nothing.
 *
 * @param folder - where `.env` is looked for; the working folder by default
 * @throws {SettingsError} when there is a `.env` that cannot be read
 */
export function readEnvironment(folder = process.cwd()): Environment {
  const file = resolve(folder, '.env');
  const { parsed, error } = readDotenv({ path: file, processEnv: {}, quiet: true });
  if (error && !('code' in error && error.code === 'ENOENT'))
    throw new SettingsError(`${file} cannot be read: ${error.message}`);
  return { ...parsed, ...process.env };
}

/**
 * Reads one variable that decides which others are read.
 *
 * @returns undefined for a value that is not valid: {@link readSettings} reports it, with everything else
 */
export function peek<Schema extends z.ZodType>(
  schema: Schema,
  name: string,
  environment: Environment,
): z.output<Schema> | undefined {
  return schema.safeParse(givenIn(environment, name)).data;
}

/** Whether an environment asks for the built-in sandbox. */
export function wantsSandbox(environment: Environment): boolean {
  return peek(launchVariables.APS_SANDBOX, 'APS_SANDBOX', environment) ?? false;
}

/**
 * Reads variables from an environment, each checked against its schema. An empty variable counts as missing.
 *
 * @throws {SettingsError} that lists every problem at once, and never contains a value
 *
 * @example
 * const { APS_CLIENT_ID } = readSettings(apsApplication, process.env);
 */
export function readSettings<Shape extends Variables>(
  variables: Shape,
  environment: Environment,
): Settings<Shape> {
  const problems = new Map<string, string>();
  const settings = readInto(problems, variables, environment);
  if (settings === undefined) throw new SettingsError(listOf(problems));
  return settings;
}

/**
 * Reads several groups of variables, and reports the problems of all groups in one message.
 *
 * @param optional - groups that are read only where they are defined
 * @throws {SettingsError} as {@link readSettings} does
 */
export function readGroups<
  Required extends Record<string, Variables>,
  Optional extends Record<string, Variables>,
>(
  required: Required,
  optional: { [Group in keyof Optional]: Optional[Group] | undefined },
  environment: Environment,
): { [Group in keyof Required]: Settings<Required[Group]> } & {
  [Group in keyof Optional]: Settings<Optional[Group]> | undefined;
} {
  const problems = new Map<string, string>();
  const read = Object.entries({ ...required, ...optional }).map(([group, variables]) => [
    group,
    variables && readInto(problems, variables, environment),
  ]);
  if (problems.size > 0) throw new SettingsError(listOf(problems));
  return Object.fromEntries(read);
}

/** Reads variables, and adds what is wrong with them to `problems`. */
function readInto<Shape extends Variables>(
  problems: Map<string, string>,
  variables: Shape,
  environment: Environment,
): Settings<Shape> | undefined {
  const names = Object.keys(variables);
  const given = Object.fromEntries(names.map((name) => [name, givenIn(environment, name)]));
  const { data, error } = z.object(variables).safeParse(given);
  for (const issue of error?.issues ?? []) {
    const name = String(issue.path[0]);
    const problem = given[name] === undefined ? 'is missing' : issue.message;
    if (!problems.has(name)) problems.set(name, describe(name, problem, variables[name]));
  }
  return data;
}

function givenIn(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}

function describe(name: string, problem: string, schema: z.core.$ZodType | undefined): string {
  const help = schema && guide.get(schema);
  return [`  ${name} ${problem}.`, help && `    It is ${help.what}.`, help && `    Find it: ${help.where}.`]
    .filter((line) => line !== undefined)
    .join('\n');
}

function listOf(problems: ReadonlyMap<string, string>): string {
  return [
    problems.size === 1 ? 'One setting needs attention:' : `${problems.size} settings need attention:`,
    ...problems.values(),
    'Set them in the environment, or in a file named .env in the working folder (start from .env.example).',
    'No Autodesk account? Add --sandbox, or set APS_SANDBOX=1.',
  ].join('\n\n');
}
