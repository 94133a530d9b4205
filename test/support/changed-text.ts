/** A token, a code or a cookie that somebody has changed a little. */

/**
 * `text` with another character at `at`, counted from the end if it is negative. Do not take the last one of Base64:
 * some of its bits may not count.
 */
export function changedAt(text: string, at: number): string {
  const characters = [...text];
  return characters.with(at, characters.at(at) === 'A' ? 'B' : 'A').join('');
}
