/** The profile of the user behind a token (https://aps.autodesk.com/en/docs/profile/v1/reference/profile/oidcuserinfo/). */
import { z } from 'zod';
import type { ApsSession } from './client.ts';

const userInfo = z.object({
  /** The Autodesk ID. */
  sub: z.string(),
  name: z.string().optional(),
  email: z.string().optional(),
});

/** OpenID Connect Core, section 5.3. */
export type UserInfo = z.infer<typeof userInfo>;

/**
 * Where profiles are. Autodesk serves them from another host than its APIs; a stand-in for APS serves them from its own.
 *
 * @param baseUrl - origin of APS
 */
export function userInfoUrl(baseUrl: string): string {
  return baseUrl === 'https://developer.api.autodesk.com'
    ? 'https://api.userprofile.autodesk.com/userinfo'
    : `${baseUrl}/userinfo`;
}

/**
 * The profile of the user whom a session acts for. Any token of a user will do, whatever its scopes.
 *
 * @throws {ApsError}
 */
export function getUserInfo(session: ApsSession): Promise<UserInfo> {
  const { origin } = session.url(['userinfo']);
  return session.get(new URL(userInfoUrl(origin)), userInfo);
}
