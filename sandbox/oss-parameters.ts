// Parameters that several operations of the Object Storage Service have.
import { z } from 'zod';

/** How long a signed URL is valid, in minutes. */
export const minutesExpiration = z.coerce
  .number('minutesExpiration must be a whole number')
  .pipe(
    z
      .int('minutesExpiration must be a whole number')
      .min(1, 'minutesExpiration must be 1 to 60')
      .max(60, 'minutesExpiration must be 1 to 60'),
  )
  .default(2);

/** What is wrong with a request. */
export function problems(error: z.ZodError): string {
  return error.issues.map(({ message }) => message).join('; ');
}
