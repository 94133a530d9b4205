// Autodesk's own SDK packages work against the sandbox, which shows that it behaves like APS.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { AuthenticationClient, ResponseType, Scopes, TokenTypeHint } from '@aps_sdk/authentication';
import { OssApiError, OssClient, PolicyKey, Region } from '@aps_sdk/oss';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { demo } from './calls.ts';
import { sdkManagerFor } from './sdk-manager.ts';
import { benji, callback, challenge, publicCallback, verifier } from './sign-in-calls.ts';

let sandbox: Sandbox;
let authentication: AuthenticationClient;
let oss: OssClient;
let accessToken: string;

beforeAll(async () => {
  sandbox = await startSandbox();
  const sdkManager = sdkManagerFor(sandbox);
  authentication = new AuthenticationClient({ sdkManager });
  oss = new OssClient({ sdkManager });
  const scopes = [Scopes.BucketRead, Scopes.DataRead];
  const token = await authentication.getTwoLeggedToken(demo.id, demo.secret, scopes);
  accessToken = token.access_token;
});
afterAll(() => sandbox.close());

describe('@aps_sdk/authentication', () => {
  test('gets a two-legged token', async () => {
    const token = await authentication.getTwoLeggedToken(demo.id, demo.secret, [Scopes.DataRead]);
    expect(token.expires_in).toBe(3599);
    expect(token.access_token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  test('introspects and revokes it', async () => {
    const token = await authentication.getTwoLeggedToken(demo.id, demo.secret, [Scopes.DataRead]);
    const introspect = () =>
      authentication.introspectToken(token.access_token, demo.id, { clientSecret: demo.secret });
    expect(await introspect()).toMatchObject({ active: true, client_id: demo.id, scope: 'data:read' });
    await authentication.revoke(token.access_token, demo.id, TokenTypeHint.AccessToken, {
      clientSecret: demo.secret,
    });
    expect(await introspect()).toEqual({ active: false });
  });

  test('reads the keys and the discovery document', async () => {
    expect((await authentication.getKeys()).keys).toHaveLength(1);
    expect((await authentication.getOidcSpec()).jwks_uri).toBe(`${sandbox.url}/authentication/v2/keys`);
  });
});

describe('@aps_sdk/authentication, for a user', () => {
  const codeOf = (url: URL) => url.searchParams.get('code') ?? '';

  test('signs in with a secret, reads the profile, refreshes and revokes', async () => {
    const scopes = [Scopes.DataRead, Scopes.OpenId];
    const options = { state: 'a.state-1_2,3', nonce: 'n', prompt: 'login' };
    const url = authentication.authorize(demo.id, ResponseType.Code, callback, scopes, options);
    const sentTo = await sandbox.signIn(url, { userId: benji });
    expect(sentTo.searchParams.get('state')).toBe(options.state);
    const { secret: clientSecret } = demo;
    const token = await authentication.getThreeLeggedToken(demo.id, codeOf(sentTo), callback, {
      clientSecret,
    });
    expect(token).toMatchObject({ expires_in: 3599, id_token: expect.any(String) });

    // For this call, the SDK has a fixed address, and sends its argument as the whole header.
    authentication.usersApi.baseAddress = new URL(sandbox.url);
    const profile = await authentication.getUserInfo(`Bearer ${token.access_token}`);
    expect(profile).toMatchObject({ sub: benji, name: 'Benji Builder' });

    const narrower = { clientSecret, scopes: [Scopes.DataRead] };
    const renewed = await authentication.refreshToken(token.refresh_token ?? '', demo.id, narrower);
    await authentication.revoke(renewed.refresh_token ?? '', demo.id, TokenTypeHint.RefreshToken, {
      clientSecret,
    });
    const again = authentication.refreshToken(renewed.refresh_token ?? '', demo.id, { clientSecret });
    await expect(again).rejects.toThrow('invalid_grant');
  });

  test('signs in with PKCE, refreshes and revokes without a secret', async () => {
    const clientId = sandbox.publicClientId;
    const options = { codeChallenge: challenge, codeChallengeMethod: 'S256' };
    const scopes = [Scopes.DataRead];
    const url = authentication.authorize(clientId, ResponseType.Code, publicCallback, scopes, options);
    const code = codeOf(await sandbox.signIn(url));
    const proof = { code_verifier: verifier };
    const token = await authentication.getThreeLeggedToken(clientId, code, publicCallback, proof);
    const renewed = await authentication.refreshToken(token.refresh_token ?? '', clientId);
    await authentication.revoke(renewed.refresh_token ?? '', clientId, TokenTypeHint.RefreshToken);
    await expect(authentication.refreshToken(renewed.refresh_token ?? '', clientId)).rejects.toThrow(
      'invalid_grant',
    );
  });
});

describe('@aps_sdk/oss', () => {
  test('lists the buckets of a region, page after page', async () => {
    const first = await oss.getBuckets({ region: Region.Emea, limit: 100, accessToken });
    expect(first.items).toHaveLength(100);
    expect(first.next).toContain(`${sandbox.url}/oss/v2/buckets?`);
    const startAt = first.items.at(-1)?.bucketKey;
    const second = await oss.getBuckets({ region: Region.Emea, limit: 100, startAt, accessToken });
    expect(second.items).toHaveLength(30);
    expect(second.next).toBeUndefined();
  });

  test('lists the objects of a bucket, and finds each by its key', async () => {
    const bucketKey = 'sandbox-odd-names';
    const { items = [] } = await oss.getObjects(bucketKey, { limit: 100, accessToken });
    expect(items).toHaveLength(23);
    for (const { objectKey = '', objectId } of items) {
      const details = await oss.getObjectDetails(bucketKey, objectKey, { accessToken });
      expect(details).toMatchObject({ objectKey, objectId });
    }
  });

  test('pages through objects with beginsWith and startAt', async () => {
    const beginsWith = 'flight-05/';
    const first = await oss.getObjects('sandbox-survey-photos', { limit: 100, beginsWith, accessToken });
    const startAt = first.items?.at(-1)?.objectKey;
    expect(startAt).toBe('flight-05/IMG_2100.jpg');
    const second = await oss.getObjects('sandbox-survey-photos', { beginsWith, startAt, accessToken });
    expect(second.items).toHaveLength(10);
    expect(second.items?.[0]?.objectKey).toBe('flight-05/IMG_2101.jpg');
  });

  test('reads the details of a bucket', async () => {
    const details = await oss.getBucketDetails('harbor-tower-models', { accessToken });
    expect(details).toMatchObject({ bucketOwner: demo.id, policyKey: 'persistent' });
  });

  test('creates a bucket, uploads in parts, downloads and deletes', async () => {
    const scopes = [Scopes.BucketCreate, Scopes.BucketDelete, Scopes.DataRead, Scopes.DataWrite];
    const { access_token } = await authentication.getTwoLeggedToken(demo.id, demo.secret, scopes);
    const options = { accessToken: access_token };
    const bucketKey = 'from-the-sdk';
    const payload = { bucketKey, policyKey: PolicyKey.Transient };
    expect(await oss.createBucket(Region.Us, payload, options)).toMatchObject({ bucketOwner: demo.id });
    await expect(oss.createBucket(Region.Us, payload, options)).rejects.toThrow('already exists');

    // Two parts: the SDK splits at 5 MiB.
    const bytes = Buffer.alloc(6 * 1024 * 1024, 'sandbox');
    const uploaded = await oss.uploadObject(bucketKey, 'large file.bin', bytes, options);
    const sha1 = createHash('sha1').update(bytes).digest('hex');
    expect(uploaded).toMatchObject({ size: bytes.length, sha1, objectKey: 'large file.bin' });

    // One part: the SDK lets the bytes of several overtake each other.
    await oss.uploadObject(bucketKey, 'small.txt', Buffer.from('Hello'), options);
    const stream = await oss.downloadObject(bucketKey, 'small.txt', options);
    const [chunk] = await once(stream, 'data');
    expect(String(chunk)).toBe('Hello');

    for (const objectKey of ['large file.bin', 'small.txt']) {
      await oss.deleteObject(bucketKey, objectKey, options);
    }
    expect((await oss.getObjects(bucketKey, options)).items).toEqual([]);
    await oss.deleteBucket(bucketKey, options);
    await expect(oss.getObjects(bucketKey, options)).rejects.toThrow('no such bucket');
  });

  test('reports an error with its status and body', async () => {
    const refused = oss.getObjects('sandbox-other-application', { accessToken });
    await expect(refused).rejects.toThrow(OssApiError);
    await expect(oss.getObjects('no-such-bucket', { accessToken })).rejects.toThrow('no such bucket');
  });
});
