/** Tools for the Object Storage Service. They need an application's token (2LO) with `bucket:read` and `data:read`. */
import { z } from 'zod';
import type { ApsClient } from '../aps/client.ts';
import { bucketKeyPattern, listBucketsAcross, listObjects, regions } from '../aps/oss.ts';
import { pagingArguments, readCursor, writeCursor } from './paging.ts';
import { answering, callerOf, listResult, listSchema, readOnly, type ToolHolder } from './tool.ts';

const bucketArguments = z.strictObject({
  region: z
    .enum([...regions, 'ALL'])
    .default('US')
    .describe('Where the buckets are stored. ALL asks every region. Default US.'),
  ...pagingArguments,
});

const bucketSchema = z.object({
  bucket_key: z.string(),
  created_date: z.number().describe('Milliseconds since 1970.'),
  policy_key: z
    .string()
    .describe('How long objects are kept: transient (24 hours), temporary (30 days), persistent.'),
  region: z.string(),
});

const objectArguments = z.strictObject({
  bucket_key: z
    .string()
    .regex(bucketKeyPattern, 'must be 3 to 128 characters of a-z, 0-9, "-", "_" and "."')
    .describe('The key of the bucket, as list_buckets gives it.'),
  begins_with: z.string().optional().describe('Only objects whose key begins with this.'),
  ...pagingArguments,
});

const objectSchema = z.object({
  object_key: z.string(),
  object_id: z.string().describe('The URN of the object.'),
  size: z.number().describe('Bytes.'),
});

/** Adds `list_buckets` and `list_objects` to a server. */
export function addOssTools(server: ToolHolder, aps: ApsClient): void {
  server.addTool({
    name: 'list_buckets',
    description: 'List the OSS buckets that the configured APS application owns, in one region or in all.',
    annotations: readOnly('List buckets'),
    parameters: bucketArguments,
    outputSchema: listSchema(bucketSchema),
    execute: answering(async ({ region, limit, cursor }, context) => {
      const asked = region === 'ALL' ? regions : [region];
      const listing = ['buckets', region];
      const positions =
        readCursor(cursor, listing, z.partialRecord(z.enum(regions), z.string())) ??
        Object.fromEntries(asked.map((one) => [one, '']));
      const { buckets, open } = await aps.call(callerOf(context), context.signal, (session) =>
        listBucketsAcross(session, positions, limit, (count) =>
          context.reportProgress({ progress: count, message: `${count} buckets so far` }),
        ),
      );
      return listResult(
        buckets.map((bucket) => ({
          bucket_key: bucket.bucketKey,
          created_date: bucket.createdDate,
          policy_key: bucket.policyKey,
          region: bucket.region,
        })),
        { nextCursor: Object.keys(open).length > 0 ? writeCursor(listing, open) : undefined },
      );
    }),
  });

  server.addTool({
    name: 'list_objects',
    description: 'List the objects in an OSS bucket.',
    annotations: readOnly('List objects'),
    parameters: objectArguments,
    outputSchema: listSchema(objectSchema),
    execute: answering(async ({ bucket_key, begins_with, limit, cursor }, context) => {
      const listing = ['objects', bucket_key, begins_with ?? ''];
      const from = readCursor(cursor, listing, z.string());
      const { items, after } = await aps.call(callerOf(context), context.signal, (session) =>
        listObjects(session, bucket_key, begins_with || undefined, {
          limit,
          after: from,
          onPage: (count) => context.reportProgress({ progress: count, message: `${count} objects so far` }),
        }),
      );
      return listResult(
        items.map((object) => ({
          object_key: object.objectKey,
          object_id: object.objectId,
          size: object.size,
        })),
        { nextCursor: after === undefined ? undefined : writeCursor(listing, after) },
      );
    }),
  });
}
