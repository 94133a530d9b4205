/** The schema of keys with which programs call a server. */
import { z } from 'zod';
import { commaSeparated } from './schemas.ts';

/** A key with which a program calls, and the name of that program. */
export type NamedKey = { name: string; key: string };

/**
 * `name=key` pairs, separated by commas. Two pairs can have the same name, so that a key can be replaced without a refused
 * call. Keys have the characters of bearer tokens (RFC 6750, section 2.1).
 *
 * A message names a pair by its position only: if somebody mixes up names and keys, no key is shown.
 */
export const namedKeys = commaSeparated.transform((pairs, context): NamedKey[] => {
  const keys = pairs.map((pair) => {
    const end = pair.indexOf('=');
    return { name: pair.slice(0, end), key: pair.slice(end + 1), isPair: end >= 0 };
  });
  const problem =
    keys.length === 0
      ? 'has no key'
      : keys.map((each, index) => problemOf(each, keys.slice(0, index), index + 1)).find(Boolean);
  if (problem === undefined) return keys.map(({ name, key }) => ({ name, key }));
  context.addIssue(problem);
  return z.NEVER;
});

/** What is wrong with a pair, at a position counted from 1, after those in front of it. */
function problemOf(
  { name, key, isPair }: NamedKey & { isPair: boolean },
  before: readonly NamedKey[],
  position: number,
): string | undefined {
  const pair = `has a mistake in pair ${position}:`;
  if (!isPair) return `${pair} it must be name=key, and no key can contain a comma`;
  // No name is as long as a key, so two that are swapped do not pass.
  if (!/^[a-z\d._-]{1,31}$/.test(name))
    return `${pair} its name must have 1 to 31 of the characters a-z, 0-9, ".", "_" and "-"`;
  if (key.length < 32) return `${pair} its key must have at least 32 characters`;
  if (!/^[\w.~+/-]+=*$/.test(key))
    return `${pair} its key must consist of letters, digits and "-._~+/", with "=" only at its end`;
  if (before.filter((each) => each.name === name).length > 1)
    return `${pair} it is the third with the same name, and two are enough to replace a key`;
  const same = before.find((each) => each.key === key);
  if (same?.name === name) return `${pair} it repeats an earlier pair`;
  if (same) return `${pair} its key is also that of another name`;
  return undefined;
}
