// The applications registered with the sandbox, as on the APS developer portal.

/** `data-management` is the API product that covers OSS and Data Management. */
export type ApiProduct = 'data-management';

type Registration = {
  clientId: string;
  /** The name on the consent page. */
  name: string;
  /** The API products it can call. Calls to any other fail with AUTH-001. */
  apis: readonly ApiProduct[];
  /** Registered callback URLs, compared character by character. Without one, it cannot sign users in. */
  redirectUris: readonly string[];
  /** Whether it is a Server-to-Server App, the only type that can own service accounts. */
  serverToServer: boolean;
};

/** An application that can keep a secret: on APS, a Traditional Web App or a Server-to-Server App. */
export type ConfidentialApplication = Registration & { type: 'confidential'; clientSecret: string };

/** An application without a secret, which uses PKCE: on APS, a Desktop, Mobile or Single-Page App. */
export type PublicApplication = Registration & { type: 'public' };

export type Application = ConfidentialApplication | PublicApplication;

/**
 * The application in `Sandbox.env`.
 *
 * APS ties flows to application types: users sign in to a Traditional Web App, and service accounts belong to a
 * Server-to-Server App. This one can do both, so the same credentials work for every server.
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

/** The application that signs users in with PKCE and no secret. */
export const publicApplication: PublicApplication = {
  type: 'public',
  clientId: 'sandbox-public-client-id',
  name: 'Sandbox Public Demo',
  apis: ['data-management'],
  redirectUris: ['http://localhost:5003/callback'],
  serverToServer: false,
};

/** Another developer's application. It owns a bucket that the demo application cannot read. */
export const otherApplication: ConfidentialApplication = {
  type: 'confidential',
  clientId: 'sandbox-other-client-id',
  clientSecret: 'sandbox-other-client-secret',
  name: 'Sandbox Other',
  apis: ['data-management'],
  redirectUris: [],
  serverToServer: true,
};

/** An application with no API selected: it gets tokens, but every API call fails. */
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
