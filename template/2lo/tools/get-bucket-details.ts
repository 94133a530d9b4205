/** The tool get_bucket_details: one request to APS. Change it into the tool that you need. */
import { type ApsClient, addApsTool, type Caller } from 'aps-mcp';
import type { FastMCP } from 'fastmcp';
import { z } from 'zod';

/** The fields to keep of the answer of APS. */
const bucketDetails = z.object({
  bucketKey: z.string(),
  bucketOwner: z.string(),
  createdDate: z.int().describe('Milliseconds since 1970.'),
  policyKey: z.string(),
});

/** https://aps.autodesk.com/en/docs/data/v2/reference/http/buckets-:bucketKey-details-GET/ */
export function addGetBucketDetails(server: FastMCP<Caller>, aps: ApsClient): void {
  addApsTool(server, aps, {
    name: 'get_bucket_details',
    title: 'Get bucket details',
    description:
      'Get the details of an OSS bucket, such as when it was created and how long it keeps objects.',
    parameters: z.strictObject({
      bucket_key: z.string().min(1).describe('The key of the bucket, from list_buckets.'),
    }),
    output: bucketDetails,
    execute: ({ bucket_key }, { session }) =>
      session.get(session.url(['oss', 'v2', 'buckets', bucket_key, 'details']), bucketDetails),
  });
}
