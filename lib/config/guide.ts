/** What to say about a variable when it is missing or invalid. */
import { z } from 'zod';

/** About a variable. */
export const guide = z.registry<{
  /** What it is. Shown, like `where`, when it is missing or invalid. */
  what: string;
  /** Where to find its value. */
  where: string;
  /** Whether it is one of the operator's credentials, which must be sent nowhere else. */
  credential?: true;
  /** Whether its value is for the operator's eyes only. */
  secret?: true;
  /** Whether it does no harm in a `.env` from a stranger: it sends no credentials away, and lets nobody in. */
  harmless?: true;
}>();
