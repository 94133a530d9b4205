// Arguments that a tool does not take: the model is told which, and by what rule, and can mend them.
import { ProtocolError } from '@modelcontextprotocol/client';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect, eras } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { type Sandbox, startSandbox } from '../../support/sandbox.ts';
import { apsOf, serveOssTools } from '../../support/serving.ts';
import { callListing } from '../../support/tool-results.ts';

const keep = closing();
let sandbox: Sandbox;
let url: string;
beforeAll(async () => {
  sandbox = keep(await startSandbox());
  ({ url } = keep(await serveOssTools(apsOf(sandbox))));
});
beforeEach(() => {
  sandbox.requests.length = 0;
});

const bucket_key = 'sandbox-empty';

describe.each(eras)('%s', (_name, mode) => {
  const clientOf = async () => keep(await connect(url, mode));

  test.each([
    ['list_buckets', { region: 'MOON' }, 'region', /"?US"?.*"?EMEA"?.*"?ALL"?/],
    ['list_buckets', { limit: 0 }, 'limit', />=? ?1/],
    ['list_buckets', { limit: 10_001 }, 'limit', /<=? ?10,?000/],
    ['list_buckets', { limit: 1.5 }, 'limit', /int/],
    ['list_buckets', { limit: '5' }, 'limit', /number/],
    ['list_buckets', { cursor: 'x'.repeat(4097) }, 'cursor', /4096/],
    ['list_buckets', { regoin: 'US' }, 'regoin', /[Uu]nrecognized/],
    ['list_objects', {}, 'bucket_key', /string|required/i],
    ['list_objects', { bucket_key: '' }, 'bucket_key', /3 to 128 characters/],
    ['list_objects', { bucket_key: '..' }, 'bucket_key', /3 to 128 characters/],
    ['list_objects', { bucket_key: 'a/../../b' }, 'bucket_key', /3 to 128 characters of a-z, 0-9/],
    ['list_objects', { bucket_key: 'UPPER' }, 'bucket_key', /3 to 128 characters/],
    ['list_objects', { bucket_key: `${bucket_key}\n` }, 'bucket_key', /3 to 128 characters/],
    ['list_objects', { bucket_key: ['x'] }, 'bucket_key', /string/],
  ])(
    '%s does not take %j: it names %s and the rule, and APS is not asked',
    async (name, args, argument, rule) => {
      const { isError, texts } = await callListing(await clientOf(), name, args);
      expect(isError).toBe(true);
      expect(texts).toHaveLength(1);
      expect(texts[0]).toContain(argument);
      expect(texts[0]).toMatch(rule);
      expect(texts[0]).not.toMatch(/MCP error|\.ts:|\n/);
      expect(sandbox.requests).toEqual([]);
    },
  );

  test.each([1025, 20_000])(
    'list_objects does not take a prefix of %i characters: no key is so long',
    async (length) => {
      const args = { bucket_key, begins_with: 'x'.repeat(length) };
      const { isError, texts } = await callListing(await clientOf(), 'list_objects', args);
      expect([isError, texts[0]]).toEqual([true, expect.stringMatching(/begins_with.*1024/)]);
      expect(sandbox.requests).toEqual([]);
    },
  );

  test('all wrong arguments are named at once', async () => {
    const { texts } = await callListing(await clientOf(), 'list_buckets', { region: 'MOON', limit: 0 });
    expect(texts[0]).toMatch(/region.*limit/);
  });

  test('a tool that does not exist is a protocol error, -32602, that names it', async () => {
    const client = await clientOf();
    for (const name of ['list_bucket', '__proto__', '']) {
      const error: unknown = await client
        .callTool({ name, arguments: {} })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ProtocolError);
      expect(error).toMatchObject({ code: -32602, message: expect.stringContaining(name) });
    }
  });
});
