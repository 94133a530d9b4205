// Signs the URLs of the sandbox's S3, and checks the signatures.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type S3Signatures = {
  /** `url` with an expiry and a signature, for one method. */
  sign(method: 'GET' | 'PUT', url: URL, minutes: number): string;
  /** Whether the signature of a request is right, and not expired. */
  check(method: string, url: string): 'valid' | 'expired' | 'wrong';
};

const expiry = 'X-Amz-Expires-At';
const signature = 'X-Amz-Signature';

/** The names of the parameters are like those of S3. The signature is the sandbox's own. */
export function createS3Signatures(now: () => number): S3Signatures {
  const key = randomBytes(32);
  const of = (method: string, { pathname, search }: URL) =>
    createHmac('sha256', key).update(`${method} ${pathname}${search}`).digest('hex');

  return {
    sign(method, url, minutes) {
      const target = new URL(url);
      target.searchParams.set(expiry, String(now() + minutes * 60_000));
      target.searchParams.set(signature, of(method, target));
      return target.href;
    },

    check(method, url) {
      const target = new URL(url);
      const given = Buffer.from(target.searchParams.get(signature) ?? '');
      target.searchParams.delete(signature);
      const right = Buffer.from(of(method, target));
      if (given.length !== right.length || !timingSafeEqual(given, right)) return 'wrong';
      return Number(target.searchParams.get(expiry)) > now() ? 'valid' : 'expired';
    },
  };
}
