/** What a file in `servers/` defines, for the launcher and for tests. */
import type { FastMCP } from 'fastmcp';
import type { z } from 'zod';
import type { Caller } from '../auth/token-source.ts';
import type { UserSignIn, UserTokens } from '../auth/user-sign-in.ts';
import { type Environment, readSettings, SettingsError } from '../config.ts';

/** What every server says of itself. */
type Description = {
  /** The name on the command line, e.g. `2lo`. */
  readonly name: string;
  /** The APS sign-in, in a few words, for the start-up message. */
  readonly signIn: string;
  /** The port for HTTP when none is given. */
  readonly port: number;
  /** Where users sign in, so that the tokens are theirs: what those may be used for, e.g. `data:read`. */
  readonly userScopes?: readonly string[];
};

/** What `create` builds: the FastMCP definition and, where the tokens belong to users, their sign-in. */
export type BuiltServer = { server: FastMCP<Caller>; signIn?: UserSignIn | UserTokens };

/** What a definition may need to know of how it is served. */
export type Surroundings = {
  /** Where browsers are sent back to after a sign-in. Opens it, where it is not open yet. */
  callbackUrl(): Promise<string>;
  /**
   * Where people say that a sign-in is theirs before they are sent to Autodesk. Set where the link to a sign-in can
   * end up with somebody else than the person it was made for.
   */
  confirmUrl?: string;
  /** The tokens of users who signed in to Autodesk in their MCP client: no second sign-in is needed. */
  accountTokens?: UserTokens;
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
  create(environment: Environment, surroundings?: Surroundings): BuiltServer;
};

/** Whether its APS application is a public client, one without a secret. */
export function isPublicClient({ variables }: ServerDefinition): boolean {
  return !('APS_CLIENT_SECRET' in variables);
}

/** Makes a definition of which `create` gets its variables checked and typed. */
export function defineServer<Shape extends z.core.$ZodShape>(
  definition: Description & {
    readonly variables: Shape;
    create(
      settings: z.output<z.ZodObject<Shape>>,
      surroundings: Surroundings,
    ): FastMCP<Caller> | Required<BuiltServer>;
  },
): ServerDefinition {
  return {
    ...definition,
    create(environment, surroundings = nowhere) {
      const built = definition.create(readSettings(definition.variables, environment), surroundings);
      return 'signIn' in built ? built : { server: built };
    },
  };
}

/** For a definition that is used without the launcher. */
const nowhere: Surroundings = {
  callbackUrl: () =>
    Promise.reject(new SettingsError('There is no address here to which a sign-in could come back.')),
};
