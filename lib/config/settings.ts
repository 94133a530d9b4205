/** Reading settings: environment variables and `.env`, once, each checked against its schema. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { parse } from 'dotenv';
import { z } from 'zod';
import { StartupError } from '../startup-error.ts';
import { decodeEnvFile } from './env-file.ts';
import { guide } from './guide.ts';
import { knownVariables, launchVariables } from './variables.ts';

/** Environment variables by name, as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Environment variables by name, with a schema each.
 *
 * @example
 * import { apsApplication, type Variables } from 'aps-mcp';
 * import { z } from 'zod';
 *
 * export const variables = {
 *   ...apsApplication,
 *   REPORTS_BUCKET: z.string().min(3),
 * } satisfies Variables;
 */
export type Variables = z.core.$ZodShape;

/**
 * The values of {@link Variables}, checked and typed.
 *
 * @example
 * import type { apsApplication, Settings } from 'aps-mcp';
 *
 * export const host = (settings: Settings<typeof apsApplication>) => new URL(settings.APS_BASE_URL).host;
 */
export type Settings<Shape extends Variables> = z.output<z.ZodObject<Shape>>;

/** Something is wrong with the settings. The message is complete, and made for the person at the terminal. */
export class SettingsError extends StartupError {
  override readonly name = 'SettingsError';
}

/**
 * Reads the environment of this process, completed with the `.env` of the working folder, then with that of the project.
 * Real variables win. If `MCP_ENV_FILE` names a file, that one is read instead of both.
 *
 * The working folder may belong to a stranger: an assistant starts the server in the repository that it works on. If the
 * credentials come from elsewhere, variables of its `.env` that could send them away, or let others in, are ignored.
 *
 * Quotes around a value in the environment are ignored. A shell removes them; `docker --env-file` and `set` of Windows leave
 * them.
 *
 * @param folder - the working folder
 * @param options.env - the environment
 * @param options.project - the folder of the project, if there is one
 * @param options.variables - those of the server that is started
 * @param options.warn - is told which variables of the working folder are ignored
 * @throws {SettingsError} when there is a `.env` that cannot be read
 */
export function readEnvironment(
  folder = process.cwd(),
  {
    env = process.env,
    project = projectFolder(),
    variables = {},
    warn = console.error,
  }: {
    env?: Environment;
    project?: string;
    variables?: Variables;
    warn?: (message: string) => void;
  } = {},
): Environment {
  const known: Variables = { ...variables, ...knownVariables };
  const given = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, known[name] ? withoutQuotes(value) : value]),
  );
  const named = namedEnvFile(folder, env);
  if (named) return { ...readEnvFile(named, { mustExist: true }), ...given };
  const ours = { ...(project !== undefined && readEnvFile(resolve(project, '.env'))), ...given };
  if (folder === project) return ours;
  const file = resolve(folder, '.env');
  const theirs = readEnvFile(file);
  const credential = Object.keys(known).find(
    (name) => isCredential(known[name]) && givenIn(ours, name) && (givenIn(given, name) || !theirs[name]),
  );
  const ignored = credential
    ? Object.keys(theirs).filter((name) => !(known[name] && guide.get(known[name])?.harmless))
    : [];
  for (const name of ignored) delete theirs[name];
  const worthMentioning = ignored.filter((name) => known[name]);
  if (worthMentioning.length > 0)
    warn(
      `Ignored in ${file}, because ${credential} comes from elsewhere: ${worthMentioning.join(', ')}. A file that ` +
        'is not yours could leak your credentials through them. If it is yours, set MCP_ENV_FILE to its path.',
    );
  return { ...ours, ...theirs, ...given };
}

/** A value without the pair of quotes around it. */
export function withoutQuotes(value: string | undefined): string | undefined {
  return value?.trim().replace(/^(["'])(.*)\1$/s, '$2');
}

/** The files that {@link readEnvironment} reads, those that do not exist included. */
export function envFiles(
  folder = process.cwd(),
  project = projectFolder(),
  env: Environment = process.env,
): string[] {
  const named = namedEnvFile(folder, env);
  if (named) return [named];
  const folders = project === undefined ? [folder] : [folder, project];
  return [...new Set(folders.map((each) => resolve(each, '.env')))];
}

function namedEnvFile(folder: string, env: Environment): string | undefined {
  const name = withoutQuotes(env.MCP_ENV_FILE);
  return name ? resolve(folder, name) : undefined;
}

/** Variables that a server of your own has added could be anything, credentials too. */
function isCredential(schema: z.core.$ZodType | undefined): boolean {
  const help = schema && guide.get(schema);
  return !help || help.credential === true;
}

/** What is set in a file in dotenv's syntax; nothing, if there is no such file. */
function readEnvFile(file: string, { mustExist = false } = {}): Record<string, string> {
  try {
    const parsed = parse(decodeEnvFile(readFileSync(file)));
    return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value.trim() !== ''));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!mustExist && 'code' in error && error.code === 'ENOENT') return {};
    throw new SettingsError(`${file} cannot be read: ${error.message}.`);
  }
}

/**
 * The folder of the program that was started, up to its `package.json`: a clone, or a project with its own server.
 * Undefined for what npm has installed: its folder is no place for settings.
 */
export function projectFolder(): string | undefined {
  const program = process.argv[1];
  if (program === undefined || !existsSync(program)) return undefined;
  const path = realpathSync(program);
  if (path.split(sep).includes('node_modules')) return undefined;
  let folder = dirname(path);
  while (!existsSync(resolve(folder, 'package.json'))) {
    if (folder === dirname(folder)) return undefined;
    folder = dirname(folder);
  }
  return folder;
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
  const unreplaced = names.filter((name) => name in knownVariables && placeholder.test(given[name] ?? ''));
  for (const name of unreplaced) problems.set(name, describe(name, leftIn, variables[name]));
  const { data, error } = z.object(variables).safeParse(given);
  for (const issue of error?.issues ?? []) {
    const name = String(issue.path[0]);
    const problem = given[name] === undefined ? 'is missing' : issue.message;
    if (!problems.has(name)) problems.set(name, describe(name, problem, variables[name]));
  }
  return unreplaced.length > 0 ? undefined : data;
}

/** What configurations of MCP clients, Compose files and pipelines replace by a value, if they know one. */
const placeholder = /\$\{[^}]*\}/;
const leftIn = `still contains a placeholder such as \${NAME}: write the value itself, or set the variable that it names`;

function givenIn(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}

function describe(name: string, problem: string, schema: z.core.$ZodType | undefined): string {
  const help = schema && guide.get(schema);
  return [
    `  ${name} ${problem}.`,
    help && `    Meaning: ${help.what}.`,
    help && `    How to set it: ${help.where}.`,
  ]
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
