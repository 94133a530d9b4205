/**
 * What MCP clients send on the way to their first call of a tool: one file of data for each, recorded from the program or
 * published. `{name}` in it stands for what an answer brought, or for an address that is different in every run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const requestSchema = z.strictObject({
  /** The MCP server, or the OpenID provider. */
  to: z.enum(['server', 'provider']),
  /** Method and path. */
  request: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  json: z.record(z.string(), z.unknown()).optional(),
  form: z.record(z.string(), z.string()).optional(),
  /** The status of the answer that the client got, or needs. */
  answered: z.number(),
});

/** The address that a client sends its person to: its parameters. */
const authorizationSchema = z.strictObject({ authorize: z.record(z.string(), z.string()) });

export type ClientRequest = z.infer<typeof requestSchema>;

/** What is in the way, and whose it is, if that is not this server. */
const obstacleSchema = z.strictObject({ whose: z.string(), what: z.string() });

const signInSchema = z.strictObject({
  requests: z.array(z.union([requestSchema, authorizationSchema])),
  /** How it renews its tokens; left out where it has no refresh token. */
  refresh: z.array(requestSchema).optional(),
  obstacle: obstacleSchema.optional(),
});

export type ClientSignInRequests = z.infer<typeof signInSchema>;

/** What it sends with a valid key, with a wrong one, and with none. Where it sends a key, that is `{key}`. */
const keySchema = z.strictObject({
  valid: z.array(requestSchema),
  wrong: z.array(requestSchema),
  missing: z.array(requestSchema),
  /** What it tells its person without a valid key that does not help. */
  obstacle: obstacleSchema.optional(),
});

const fixtureSchema = z.strictObject({
  client: z.string(),
  version: z.string().optional(),
  basis: z.enum(['recorded', 'published']),
  sources: z.array(z.string()).min(1),
  unverified: z.string().optional(),
  /** The metadata document at its `client_id`. */
  document: z.looseObject({ client_id: z.string(), jwks_uri: z.string().optional() }).optional(),
  autodesk: signInSchema,
  oidc: signInSchema,
  none: signInSchema,
  /** Left out where it was not recorded. */
  key: keySchema.optional(),
});

export type Fixture = z.infer<typeof fixtureSchema>;

const folder = new URL('fixtures/', import.meta.url);

/** All clients, by name. */
export const fixtures: readonly Fixture[] = readdirSync(folder)
  .map((file) => fixtureSchema.parse(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))))
  .sort((a, b) => a.client.localeCompare(b.client, 'en'));
