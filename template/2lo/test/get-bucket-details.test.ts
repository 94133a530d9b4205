// The tool get_bucket_details, called by an MCP client, on the sandbox.
import { startSandbox } from 'aps-mcp/sandbox';
import { afterAll, expect, test } from 'vitest';
import { connect } from './client.ts';

const sandbox = await startSandbox();
const client = await connect(sandbox);
afterAll(async () => {
  await client.close();
  await sandbox.close();
});

const getBucketDetails = (bucket_key: string) =>
  client.callTool({ name: 'get_bucket_details', arguments: { bucket_key } });

test('get_bucket_details returns the details of a bucket', async () => {
  expect(await getBucketDetails('sandbox-survey-photos')).toMatchObject({
    structuredContent: { bucketKey: 'sandbox-survey-photos', policyKey: 'persistent' },
  });
});

test('get_bucket_details says that a bucket belongs to another application', async () => {
  expect(await getBucketDetails('sandbox-other-application')).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('belongs to another application') }],
  });
});
