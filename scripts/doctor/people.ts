/** The sign-in of people to Autodesk, as far as it can be checked without a person. */
import { ApsError, oneLine, saidIn } from '../../lib/aps/errors.ts';
import { isAboutApplication } from '../../lib/aps-sign-in/oauth.ts';
import type { UserSignIn } from '../../lib/aps-sign-in/user-sign-in.ts';
import { SignInFailed } from '../../lib/aps-sign-in/user-sign-in.ts';
import { localUser } from '../../lib/caller.ts';
import { developerHub } from '../../lib/developer-hub.ts';
import { SignInRequired } from '../../lib/sign-in-required.ts';
import { type Check, type Configured, type Examination, type Finding, fault, ok, skipped } from './check.ts';
import { failureOf } from './sign-in.ts';

/** Undefined if there is nothing to check. */
function usersOf({ server, answered }: Examination): (Configured & { users: UserSignIn }) | Finding {
  if (!server || !answered) return skipped(server ? 'APS is not reachable' : 'the settings are not valid');
  const { users } = server;
  return users ? { ...server, users } : skipped('nobody signs in to Autodesk in a browser');
}

/**
 * Finishes a sign-in with a code that APS has not issued. It authenticates the application before it looks at the code, so the
 * refusal shows whether it knows the application.
 */
export const applicationCheck: Check = {
  id: 'application',
  title: 'Application',
  async run(examination) {
    const found = usersOf(examination);
    if ('status' in found) return [found];
    const { users } = found;
    const state = new URL(await signInLink(users)).searchParams.get('state') ?? '';
    try {
      await users.finish(new URLSearchParams({ code: 'not-a-code', state }));
    } catch (error) {
      const cause = error instanceof SignInFailed ? error.cause : error;
      if (cause instanceof ApsError && cause.code === 'invalid_grant')
        return [ok('APS knows it, and refused only the invalid code of this check')];
      const finding = failureOf(cause);
      // Any other refusal may be about the code.
      const unclear = cause instanceof ApsError && cause.status === 400 && !isAboutApplication(cause.code);
      return [unclear ? { ...finding, status: 'warning' } : finding];
    }
    throw new Error('APS accepted an invalid code');
  },
};

export const callbackCheck: Check = {
  id: 'callback',
  title: 'Callback URL',
  async run(examination) {
    const found = usersOf(examination);
    if ('status' in found) return [found];
    const { callbackUrl } = found.addresses;
    const answer = await fetch(await signInLink(found.users), {
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    const refusal = await refusalIn(answer, callbackUrl);
    if (refusal === undefined)
      return [ok(`APS does not refuse ${callbackUrl}. Only a sign-in in a browser shows that it works`)];
    return [
      fault(
        `APS refuses the sign-in with the callback URL ${callbackUrl}: ${refusal}`,
        `In ${developerHub}, register exactly this callback URL with the application, and compare its Client ID.`,
      ),
    ];
  },
};

/** The address at Autodesk that starts a sign-in. */
async function signInLink(users: UserSignIn): Promise<string> {
  try {
    await users.get(localUser);
  } catch (error) {
    if (error instanceof SignInRequired) return error.url;
    throw error;
  }
  throw new Error('There is a token, although nobody has signed in');
}

/** Why APS refuses to show its sign-in page. Autodesk documents only the redirect, so answers below 400 are no refusals. */
async function refusalIn(answer: Response, callbackUrl: string): Promise<string | undefined> {
  const location = answer.headers.get('location') ?? '';
  if (location.startsWith(callbackUrl)) {
    const query = new URL(location).searchParams;
    const said = [query.get('error'), query.get('error_description')].filter(Boolean).join(', ');
    return said === '' ? undefined : oneLine(said);
  }
  if (answer.status < 400) return undefined;
  const body = await answer.text();
  const [, title] = /<title>([^<]+)/.exec(body) ?? [];
  const said = title ?? messageIn(body);
  return `HTTP ${answer.status}${said ? `, ${oneLine(said)}` : ''}`;
}

function messageIn(body: string): string | undefined {
  try {
    return saidIn(JSON.parse(body)).message;
  } catch {
    return undefined;
  }
}
