/**
 * *Sign-in required*: what a token source throws, the result that a tool makes of it, and the schema of that result. The
 * result is the one that Autodesk's Python sample returns, so it works for every client; the serving offers it as a URL
 * elicitation to clients that support one.
 */
import { z } from 'zod';

/** The caller must sign in to Autodesk before there is a token for them. */
export class SignInRequired extends Error {
  override readonly name = 'SignInRequired';
  /** Where the person signs in, in a browser. Made for this caller; valid once, for ten minutes. */
  readonly url: string;

  constructor(url: string) {
    super(`Sign in to Autodesk first: open ${url} in a browser, then try again.`);
    this.url = url;
  }
}

/** The sample's answer, field by field: its clients look for these names. */
const answerSchema = z.object({
  auth_required: z.literal(true),
  auth_url: z.string(),
  message: z.string(),
});

/** Where the answer is: at the top, or under `result` where a tool's list is. */
const resultSchema = z.union([
  z.object({ result: answerSchema }).transform(({ result }) => result),
  answerSchema,
]);

/**
 * The JSON Schema of the answer. It names no `properties`, so that clients which turn schemas into types, such as
 * FastMCP for Python, hand out a dictionary: `.data["auth_url"]`.
 */
const answerJsonSchema = {
  type: 'object',
  description: 'Returned instead of the data when the user must sign in first: open auth_url in a browser.',
  required: Object.keys(answerSchema.shape),
};

/**
 * The structured content of a tool result that asks for a sign-in.
 *
 * @param wrapped - whether the tool's own data stands under `result`
 */
export function signInRequiredContent(
  { url }: SignInRequired,
  tool: string,
  wrapped: boolean,
): Record<string, unknown> {
  const answer: z.infer<typeof answerSchema> = {
    auth_required: true,
    auth_url: url,
    message: `Open auth_url in a browser to authenticate, then call ${tool} again.`,
  };
  return wrapped ? { result: answer } : answer;
}

/** The sign-in that a tool's result asks for; undefined for any other result. */
export function signInRequiredIn(result: {
  isError?: boolean;
  structuredContent?: unknown;
}): SignInRequired | undefined {
  const answer = result.isError ? undefined : resultSchema.safeParse(result.structuredContent).data;
  return answer && new SignInRequired(answer.auth_url);
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
 *
 * @param wrapped - whether the tool's own data stands under `result`
 */
export function orSignInRequired(output: z.ZodType, wrapped: boolean): PublishedSchema {
  const { $schema, definitions, ...own } = z.toJSONSchema(output, { target: 'draft-7' });
  const shared = definitions === undefined ? { $schema } : { $schema, definitions };
  const published: JsonSchema =
    wrapped && own.properties
      ? {
          ...shared,
          ...own,
          type: 'object',
          properties: {
            ...own.properties,
            result: { anyOf: [own.properties.result, answerJsonSchema] },
          },
        }
      : // Without properties at the top, FastMCP for Python hands out a dictionary for either.
        { ...shared, type: 'object', anyOf: [own, answerJsonSchema] };
  return {
    '~standard': {
      version: 1,
      vendor: 'aps-mcp',
      validate(value) {
        const result = output['~standard'].validate(value);
        return 'issues' in result && signInRequiredIn({ structuredContent: value }) ? { value } : result;
      },
      jsonSchema: { input: () => published, output: () => published },
    },
  };
}
