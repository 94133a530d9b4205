/** Arguments that are null where they could have been left out. */
import { z } from 'zod';

/**
 * A schema that takes null for what is optional as left out, at any depth, unless it allows null itself: some clients send it
 * (CrewAI), or offer it to the model (LlamaIndex, AutoGen). Its JSON Schema stays the same.
 */
export function withoutNulls(parameters: z.ZodObject) {
  return z.preprocess(async (given) => {
    const { error } = await parameters.safeParseAsync(given);
    let args: unknown = given;
    for (const { path } of error?.issues ?? []) {
      if (valueAt(args, path) !== null) continue;
      const rest = without(args, path);
      // If it is missed there, the error about the null says more.
      if (await isAccepted(parameters, rest, path)) args = rest;
    }
    return args;
  }, parameters);
}

type Path = readonly PropertyKey[];

/** Whether a schema accepts what is, or is missing, at a path. */
async function isAccepted(schema: z.ZodObject, args: unknown, path: Path): Promise<boolean> {
  const { error } = await schema.safeParseAsync(args);
  return !error?.issues.some((issue) => issue.path.join('.') === path.join('.'));
}

function valueAt(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return value;
  return typeof value === 'object' && value !== null ? valueAt(Reflect.get(value, key), rest) : undefined;
}

/** A copy without one property. The elements of arrays stay, because others would take their places. */
function without(value: unknown, [key, ...rest]: Path): unknown {
  if (typeof value !== 'object' || value === null || key === undefined) return value;
  if (Array.isArray(value)) return value.map((item, at) => (at === key ? without(item, rest) : item));
  const entries = Object.entries(value).flatMap(([name, item]) => {
    if (name !== key) return [[name, item]];
    return rest.length === 0 ? [] : [[name, without(item, rest)]];
  });
  return Object.fromEntries(entries);
}
