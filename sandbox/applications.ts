// The applications that are registered with the sandbox, as they would be on the APS developer portal.

/** `data-management` is the API product that covers OSS and Data Management. */
export type ApiProduct = 'data-management';

export type Application = {
  clientId: string;
  clientSecret: string;
  /** The API products that the application was given access to. Calls to any other are refused with AUTH-001. */
  apis: readonly ApiProduct[];
};

/** The application whose credentials the sandbox hands out. */
export const demoApplication: Application = {
  clientId: 'sandbox-client-id',
  clientSecret: 'sandbox-client-secret',
  apis: ['data-management'],
};

/** Somebody else's application: it owns a bucket that the demo application must not read. */
export const otherApplication: Application = {
  clientId: 'sandbox-other-client-id',
  clientSecret: 'sandbox-other-client-secret',
  apis: ['data-management'],
};

/** An application whose owner forgot to tick any API: it gets tokens, and is refused everywhere. */
export const applicationWithoutApis: Application = {
  clientId: 'sandbox-no-api-client-id',
  clientSecret: 'sandbox-no-api-client-secret',
  apis: [],
};

export const applications: readonly Application[] = [
  demoApplication,
  otherApplication,
  applicationWithoutApis,
];
