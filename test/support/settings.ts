/** What is wrong with settings, as a person is told it. */
import { SettingsError } from '../../lib/config/settings.ts';

/** The error with which `work` complains of settings, which it must. */
export function problemOf(work: () => unknown): SettingsError {
  try {
    work();
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error('Nothing was found to be wrong');
}

/** Its words. */
export const complaintOf = (work: () => unknown): string => problemOf(work).message;
