// The applications that are registered with the sandbox, as they would be on the APS developer portal.

/** `data-management` is the API product that covers OSS and Data Management. */
export type ApiProduct = 'data-management';

type Registration = {
  clientId: string;
  /** What the consent page calls it. */
  name: string;
  /** The API products that the application was given access to. Calls to any other are refused with AUTH-001. */
  apis: readonly ApiProduct[];
  /** The callback URLs that a sign-in may end at, compared character by character. None: it signs no users in. */
  redirectUris: readonly string[];
  /** Whether it is a Server-to-Server App, the only kind that may own service accounts. */
  serverToServer: boolean;
};

/** An application that can keep a secret: on APS a Traditional Web App or a Server-to-Server App. */
export type ConfidentialApplication = Registration & { type: 'confidential'; clientSecret: string };

/** An application without a secret, which has PKCE instead: on APS a Desktop, Mobile or Single-Page App. */
export type PublicApplication = Registration & { type: 'public' };

export type Application = ConfidentialApplication | PublicApplication;

/**
 * The application whose credentials the sandbox hands out.
 *
 * APS ties flows to kinds of application: users sign in to a Traditional Web App, and service accounts belong to a
 * Server-to-Server App. This one may do both, so that one pair of variables serves every server.
 */
export const demoApplication: ConfidentialApplication = {
  type: 'confidential',
  clientId: 'sandbox-client-id',
  clientSecret: 'sandbox-client-secret',
  name: 'Sandbox Demo',
  apis: ['data-management'],
  redirectUris: ['http://localhost:5002/callback'],
  serverToServer: true,
};

/** The application that signs users in without a secret. */
export const publicApplication: PublicApplication = {
  type: 'public',
  clientId: 'sandbox-public-client-id',
  name: 'Sandbox Public Demo',
  apis: ['data-management'],
  redirectUris: ['http://localhost:5003/callback'],
  serverToServer: false,
};

/** Somebody else's application: it owns a bucket that the demo application must not read. */
export const otherApplication: ConfidentialApplication = {
  type: 'confidential',
  clientId: 'sandbox-other-client-id',
  clientSecret: 'sandbox-other-client-secret',
  name: 'Sandbox Other',
  apis: ['data-management'],
  redirectUris: [],
  serverToServer: true,
};

/** An application whose owner forgot to tick any API: it gets tokens, and is refused everywhere. */
export const applicationWithoutApis: ConfidentialApplication = {
  type: 'confidential',
  clientId: 'sandbox-no-api-client-id',
  clientSecret: 'sandbox-no-api-client-secret',
  name: 'Sandbox Without APIs',
  apis: [],
  redirectUris: [],
  serverToServer: false,
};

export const applications: readonly Application[] = [
  demoApplication,
  publicApplication,
  otherApplication,
  applicationWithoutApis,
];
