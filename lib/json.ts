/** Reading JSON that strangers send. */

/** The most arrays and objects inside one another. What clients send has some ten. */
const deepest = 100;

/**
 * Parses JSON that is not nested deeply. Schemas and other code walk values by recursion: what has thousands of levels would
 * exhaust the stack there.
 *
 * @throws {SyntaxError} for text that is not JSON, or is nested more than 100 levels deep
 */
export function parseJson(text: string): unknown {
  if (isDeep(text)) throw new SyntaxError(`The JSON is nested more than ${deepest} levels deep`);
  return JSON.parse(text);
}

/** Looks at the text and not at the value, so that nothing deep is ever made. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at);
        break;
      case '[':
      case '{':
        depth += 1;
        if (depth > deepest) return true;
        break;
      case ']':
      case '}':
        depth -= 1;
        break;
    }
  }
  return false;
}

/** The position of the quote that ends the string which begins at `start`; the end of the text if there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
