/** What an MCP client calls itself: the consent page shows it, so people must be able to read it. */
import { z } from 'zod';

/** Selects the form of the character before it, and is nothing by itself. */
const variationSelectors = /\p{Variation_Selector}/gu;

/**
 * What shows nothing, or turns the direction of what follows: control and format characters, fillers, and characters that are
 * blank although Unicode does not say so (Braille, musical notation, hieroglyphs).
 */
const invisible = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\s\u2800\u{1d159}\u{13441}\u{13442}]+/gu;

/** Characters that mean nothing, or something else to everybody: unassigned, for private use, halves. */
const meaningless = /[\p{Cn}\p{Co}\p{Cs}]/u;

/**
 * Marks in heaps, or over nothing. Burmese has up to five on one letter, other scripts up to three; marks that belong to no
 * script can stand on any letter, so three of them are enough. None stands twice.
 */
const heapsOfMarks = /\p{M}{6}|\p{Script=Inherited}{4}|(\p{M})\1|(?<=^|\s)\p{M}/u;

/** In composed form (NFC), without invisible characters, at most 100 characters. */
export const clientName = z
  .string()
  .transform((text) => text.normalize().replaceAll(variationSelectors, '').replaceAll(invisible, ' ').trim())
  .pipe(
    z
      .string()
      .max(100)
      .refine((name) => /[\p{L}\p{N}]/u.test(name) && !meaningless.test(name) && !heapsOfMarks.test(name), {
        error: 'must be a name that people can read',
      }),
  );
