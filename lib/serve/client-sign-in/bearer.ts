/** Bearer tokens in requests. */

/** The token in an `Authorization` header (RFC 6750, section 2.1); undefined where there is none, or it is malformed. */
export function bearerTokenIn(authorization: string): string | undefined {
  return /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
}
