// Where answers of the sandbox depart from Autodesk's OpenAPI documents, each with its reason.
import { z } from 'zod';

export type Exception = {
  /** Matches method and path template, such as `GET /oss/v2/buckets`. */
  operations: RegExp;
  statuses: readonly number[];
  /**
   * A status that the document does not have, or what is wrong with the answer, as it is reported: `/data must NOT have
   * fewer than 1 items`.
   */
  departs: 'status' | RegExp;
  /** What the answer is instead, for a status. */
  body?: z.ZodType;
  reason: string;
};

const gatewayBody = z.strictObject({
  developerMessage: z.string(),
  moreInfo: z.string(),
  errorCode: z.string(),
});
const oauthBody = z.strictObject({ error: z.string(), error_description: z.string() });
const reasonBody = z.strictObject({ reason: z.string() });
const noBody = z.undefined();

export const exceptions: readonly Exception[] = [
  {
    operations: /./,
    statuses: [401, 403, 408, 429, 500, 502, 503, 504],
    departs: 'status',
    body: gatewayBody,
    reason:
      'These come from the gateway in front of every API, as the page on error handling says, or are injected faults.',
  },
  {
    operations: /./,
    statuses: [501],
    departs: 'status',
    body: gatewayBody.extend({
      operation: z.strictObject({
        method: z.string(),
        path: z.string(),
        operationId: z.string().optional(),
      }),
      served: z.array(z.string()),
    }),
    reason: 'The sandbox does not serve the operation, and says so.',
  },
  {
    operations: /./,
    statuses: [413],
    departs: 'status',
    body: z.union([gatewayBody, oauthBody]),
    reason:
      'The documents have no limits for bodies in JSON and forms; the sandbox has them so that nobody fills its memory.',
  },
  {
    operations: /^POST \/authentication\/v2\/(token|revoke|introspect)$/,
    statuses: [400, 401, 403, 415],
    departs: 'status',
    body: oauthBody,
    reason: 'authentication.yaml has no errors. OAuth does: RFC 6749 section 5.2.',
  },
  {
    operations: /^GET \/authentication\/v2\/authorize$/,
    statuses: [200, 400],
    departs: 'status',
    body: noBody,
    reason: 'APS redirects to its sign-in page. The sandbox has its page here, and its error page.',
  },
  {
    operations: /^GET \/authentication\/v2\/authorize$/,
    statuses: [302],
    departs: /^no body/,
    reason: 'A browser that is redirected reads no body.',
  },
  {
    operations: /^GET \/authentication\/v2\/logout$/,
    statuses: [400],
    departs: 'status',
    body: noBody,
    reason: 'The document wants a registered redirect URI, and does not say what happens without one.',
  },
  {
    operations: /^POST \/authentication\/v2\/revoke$/,
    statuses: [200],
    departs: /^no body/,
    reason: 'The document has a schema for the body, and says that there is no body.',
  },
  {
    operations: /^POST \/authentication\/v2\/introspect$/,
    statuses: [200],
    departs: /^\/ must have required property '(client_id|exp|scope)'/,
    reason: 'Nothing but `active` is said about a token that is not active: RFC 7662 section 2.2.',
  },
  {
    operations: /^GET \/oss\/v2\/buckets\/\{bucketKey\}\/objects$/,
    statuses: [404],
    departs: 'status',
    body: reasonBody,
    reason: 'The other operations on a bucket have this status for a bucket that does not exist.',
  },
  {
    operations: /\/batchsigneds3upload$/,
    statuses: [200],
    departs: /^\/results\/[^/ ]+ must have required property '(uploadKey|urls)'/,
    reason: 'A request that fails has `status` and `reason`, as the document says, and starts no upload.',
  },
  {
    operations: /\/batchsigneds3download$/,
    statuses: [200],
    departs: /^\/results\/[^/ ]+\/status must be equal to one of the allowed values/,
    reason:
      'The text of the document says that a result can be an error, and forge-apis that it can be `skipped`. The list has neither.',
  },
  {
    operations: /^GET \/oss\/v2\/signedresources\//,
    statuses: [200],
    departs: /instead of application\/octet-stream$/,
    reason: 'The content type is the one that is stored with the object, as the text of the document says.',
  },
  {
    operations: /^GET \/oss\/v2\/signedresources\//,
    statuses: [206],
    departs: /^the document has no body/,
    reason: 'The text of the document says that this is a part of the object.',
  },
  {
    operations: /^GET \/project\/v1\/hubs$/,
    statuses: [400],
    departs: 'status',
    reason: 'The other lists have this status for a request that the server cannot understand.',
  },
  {
    operations: /^GET \/(project|data)\/v1\//,
    statuses: [200],
    departs: /^\/data must NOT have fewer than 1 items/,
    reason: 'A list can be empty: a project without folders, a folder without contents.',
  },
  {
    operations:
      /^GET \/data\/v1\/projects\/\{project_id\}\/(folders|items)\/\{(folder|item)_id\}(\/parent)?$/,
    statuses: [200],
    departs: /^\/data\/relationships must have required property 'parent'/,
    reason: 'The root folder has no parent, as the text of the document says.',
  },
];
