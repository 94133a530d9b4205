/** What pages show of text that others chose, such as names in tokens. */

/** Everything that is not part of a word: control and format characters (bidirectional ones too), and what is invisible. */
const unreadable = /[\p{C}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text that shows what it says: without characters that reorder or hide others, with blanks of one width, and with no more
 * than three marks on a letter (Unicode Technical Report 36, "Unicode Security Considerations").
 *
 * @param longest - in characters; what is longer ends in an ellipsis
 */
export function shownText(text: string, longest = 100): string {
  const clean = text
    .normalize('NFC')
    .replace(/[\s\u2800]+/g, ' ')
    .replace(unreadable, '')
    .replace(/(\p{M}{3})\p{M}+/gu, '$1')
    .replace(/ +/g, ' ')
    .trim();
  const characters = [...clean];
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : clean;
}
