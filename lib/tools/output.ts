/** What tools return: their output schemas, and the text that stands beside the structured result. */
import { z } from 'zod';
import { signInRequiredIn, signInRequiredJsonSchema } from '../sign-in-required.ts';

/**
 * The output of a tool that returns a list: the list under `result`, where Python's FastMCP puts it, with the mark by
 * which its client finds it there.
 *
 * @param fields - what the result has besides the list
 *
 * @example
 * const output = listOf(z.object({ id: z.string(), name: z.string() }));
 */
export function listOf<Item extends z.ZodType, Fields extends z.core.$ZodShape = Record<never, never>>(
  item: Item,
  fields?: Fields,
) {
  return z.object({ result: z.array(item), ...fields }).meta({ [wrapped]: true });
}

const wrapped = 'x-fastmcp-wrap-result';

/** Whether a tool's data stands under `result`. */
export function isWrapped(output: z.ZodType): boolean {
  return output.meta()?.[wrapped] === true;
}

/** What FastMCP needs of a schema: to validate values, and to publish its JSON Schema (standardschema.dev). */
type PublishedSchema = {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => ReturnType<z.ZodType['~standard']['validate']>;
    readonly jsonSchema: { readonly input: () => JsonSchema; readonly output: () => JsonSchema };
  };
};
type JsonSchema = { [key: string]: unknown; type: string };

/**
 * The output schema of a tool whose callers may have to sign in first: its own, or *sign-in required*. Clients that
 * validate results against the published schema accept both.
 */
export function orSignInRequired(output: z.ZodType): PublishedSchema {
  const { $schema, definitions, ...own } = z.toJSONSchema(output, { target: 'draft-7' });
  const shared = definitions === undefined ? { $schema } : { $schema, definitions };
  const published: JsonSchema =
    isWrapped(output) && own.properties
      ? {
          ...shared,
          ...own,
          type: 'object',
          properties: {
            ...own.properties,
            result: { anyOf: [own.properties.result, signInRequiredJsonSchema] },
          },
        }
      : // Without properties at the top, FastMCP for Python hands out a dictionary for either.
        { ...shared, type: 'object', anyOf: [own, signInRequiredJsonSchema] };
  return {
    '~standard': {
      version: 1,
      vendor: 'aps-mcp',
      validate: (value) => (signInRequiredIn(value) ? { value } : output['~standard'].validate(value)),
      jsonSchema: { input: () => published, output: () => published },
    },
  };
}

/** The text blocks of a result: the data as JSON, then the notes, because a model may see nothing but the text. */
export function textOf(output: z.ZodType, value: unknown, notes: readonly string[]) {
  const data = isWrapped(output) ? z.object({ result: z.unknown() }).parse(value).result : value;
  const blocks = [JSON.stringify(data), ...(notes.length > 0 ? [notes.join(' ')] : [])];
  return blocks.map((text) => ({ type: 'text' as const, text }));
}
