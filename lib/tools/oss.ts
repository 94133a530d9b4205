/** Tools for the Object Storage Service. They need an application's token (2LO) with `bucket:read` and `data:read`. */
import { z } from 'zod';
import type { ApsClient } from '../aps/client.ts';
import { bucketKeyPattern, listBucketsAcross, listObjects, regions } from '../aps/oss.ts';
import { addApsTool, type ToolServer } from './tool.ts';

const bucketSchema = z.object({
  bucket_key: z.string(),
  created_date: z.int().describe('Milliseconds since 1970.'),
  policy_key: z
    .string()
    .describe('How long objects are kept: transient (24 hours), temporary (30 days), persistent.'),
  region: z.string(),
});

const objectSchema = z.object({
  object_key: z.string(),
  object_id: z.string().describe('The URN of the object.'),
  size: z.int().describe('Bytes.'),
});

/** No key of an object is longer, so a longer prefix finds nothing. */
const longestPrefix = 1024;

/**
 * Adds `list_buckets` and `list_objects` to a server. They need a token of the application (2LO) with `bucket:read` and
 * `data:read`.
 *
 * @example
 * import { addOssTools, type ApsClient, type Caller, version } from 'aps-mcp';
 * import { FastMCP } from 'fastmcp';
 *
 * export function serverOf(aps: ApsClient): FastMCP<Caller> {
 *   const server = new FastMCP<Caller>({ name: 'Mine', version });
 *   addOssTools(server, aps);
 *   return server;
 * }
 */
export function addOssTools(server: ToolServer, aps: ApsClient): void {
  addApsTool(server, aps, {
    name: 'list_buckets',
    title: 'List buckets',
    description:
      'List the OSS buckets that the configured APS application owns, in one region or in all regions.',
    parameters: z.strictObject({
      region: z
        .enum([...regions, 'ALL'])
        .default('US')
        .describe('The region that stores the buckets. ALL lists every region. Default US.'),
    }),
    list: { of: bucketSchema, noun: 'buckets', position: z.partialRecord(z.enum(regions), z.string()) },
    async execute({ region }, { session }, { limit, from, onItems }) {
      const listed = region === 'ALL' ? regions : [region];
      const positions = from ?? Object.fromEntries(listed.map((one) => [one, '']));
      const { buckets, open, warnings } = await listBucketsAcross(session, positions, limit, onItems);
      return {
        items: buckets.map((bucket) => ({
          bucket_key: bucket.bucketKey,
          created_date: bucket.createdDate,
          policy_key: bucket.policyKey,
          region: bucket.region,
        })),
        after: Object.keys(open).length > 0 ? open : undefined,
        warnings,
      };
    },
  });

  addApsTool(server, aps, {
    name: 'list_objects',
    title: 'List objects',
    description: 'List the objects in an OSS bucket.',
    parameters: z.strictObject({
      bucket_key: z
        .string()
        .regex(bucketKeyPattern, 'must be 3 to 128 characters of a-z, 0-9, "-", "_" and "."')
        .describe('The key of the bucket, from list_buckets.'),
      begins_with: z
        .string()
        .max(longestPrefix)
        .optional()
        .describe('Only objects whose key begins with this.'),
    }),
    list: { of: objectSchema, noun: 'objects', position: z.string() },
    async execute({ bucket_key, begins_with }, { session }, slice) {
      const { items, ...rest } = await listObjects(session, bucket_key, begins_with || undefined, slice);
      return {
        items: items.map((object) => ({
          object_key: object.objectKey,
          object_id: object.objectId,
          size: object.size,
        })),
        ...rest,
      };
    },
  });
}
