/** The text of a `.env`, in the encodings in which editors and shells save one. */

/**
 * Decodes it: UTF-8, or UTF-16 with a byte order mark, which PowerShell 5 writes with `>`.
 *
 * @throws {Error} for anything else, with what to do
 */
export function decodeEnvFile(bytes: Uint8Array): string {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
  // UTF-16 without a mark, for example.
  if (text.includes('\0'))
    throw new Error('it is not UTF-8 text. Save it as UTF-8 in your editor, and try again');
  return text;
}

/** The encoding that the byte order mark of a text names. */
export function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return 'utf-8';
}
