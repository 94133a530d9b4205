// Checks what a developer's test adds to the sandbox.
import type { z } from 'zod';

/** The value, if it fits. Throws a `TypeError` that names each place in the option, and what is wrong there. */
export function checked<T>(option: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${placeOf(option, path)}: ${message}`);
  throw new TypeError(`startSandbox cannot use its options.\n${problems.join('\n')}`);
}

function placeOf(option: string, path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return option + steps.join('');
}

/** Adds an issue for each entry whose key an entry before it has. */
export function alreadyThere(
  context: z.RefinementCtx,
  entries: readonly { key: string; name: string; path: PropertyKey[] }[],
): void {
  const keys = new Set<string>();
  for (const { key, name, path } of entries) {
    if (keys.has(key)) context.addIssue({ code: 'custom', message: `${name} is there already`, path });
    keys.add(key);
  }
}
