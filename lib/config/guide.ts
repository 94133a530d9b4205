/** What to say of a variable when it is missing or invalid. */
import { z } from 'zod';

/** About a variable. */
export const guide = z.registry<{
  /** What it is. Shown, like `where`, when it is missing or invalid. */
  what: string;
  /** Where to find its value. */
  where: string;
  /** Whether it belongs to the credentials of who runs the server: they must go nowhere else. */
  credential?: true;
  /** Whether its value is for the operator's eyes only. */
  secret?: true;
  /** Whether it does no harm in a `.env` of a stranger: it sends no credentials away, and lets nobody in. */
  harmless?: true;
}>();
