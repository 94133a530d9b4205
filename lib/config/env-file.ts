/** The text of a `.env`, in the encodings in which editors and shells save one. */

/**
 * Decodes it: UTF-8, or UTF-16 with a byte order mark, which PowerShell 5 writes with `>`.
 *
 * @throws {Error} for anything else, with what to do
 */
export function decodeEnvFile(bytes: Uint8Array): string {
  const text = decode(bytes);
  // UTF-16 without a mark, for example.
  if (text === undefined || text.includes('\0'))
    throw new Error('it is not UTF-8 text. Save it as UTF-8 in your editor, and try again');
  return text;
}

/** Undefined for bytes that are no text in that encoding: replacement characters would change a secret. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The encoding that the byte order mark of a text names. */
export function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return 'utf-8';
}
