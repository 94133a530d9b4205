/** What a file in `servers/` defines, for the launcher and for tests. */
import type { FastMCP } from 'fastmcp';
import type { z } from 'zod';
import type { Caller } from '../auth/token-source.ts';
import { type Environment, readSettings } from '../config.ts';

/** What every server says of itself. */
type Description = {
  /** The name on the command line, e.g. `2lo`. */
  readonly name: string;
  /** The APS sign-in, in a few words, for the start-up message. */
  readonly signIn: string;
  /** The port for HTTP when none is given. */
  readonly port: number;
};

/** One server: a way to sign in to APS, the variables it needs, and the FastMCP definition built from them. */
export type ServerDefinition = Description & {
  /** The variables it needs, with a schema each. */
  readonly variables: z.core.$ZodShape;
  /**
   * Builds the FastMCP definition. Opens nothing: no port, no connection, no file.
   *
   * @throws {SettingsError} when variables are missing or malformed
   */
  create(environment: Environment): FastMCP<Caller>;
};

/** Makes a definition of which `create` gets its variables checked and typed. */
export function defineServer<Shape extends z.core.$ZodShape>(
  definition: Description & {
    readonly variables: Shape;
    create(settings: z.output<z.ZodObject<Shape>>): FastMCP<Caller>;
  },
): ServerDefinition {
  return {
    ...definition,
    create: (environment) => definition.create(readSettings(definition.variables, environment)),
  };
}
