/** The words by which tests tell the pages of a server apart: all others on them may be put better. */
import { expect } from 'vitest';

export const headings = {
  signedIn: /are signed in/,
  denied: /did not sign in/,
  linkIsStale: /no longer valid/,
  notYours: /not yours/,
  isOver: /is over/,
  refused: /refused/,
  unfinished: /not finish/,
  unreachable: /unavailable/,
  confirm: /Sign in to Autodesk/,
  isForeignForm: /from another page/,
};

/** Matches the HTML of a page with such a heading. */
export function htmlHeaded(heading: RegExp): unknown {
  return expect.stringMatching(new RegExp(`<h1>[^<]*${heading.source}`));
}
