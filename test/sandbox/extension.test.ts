// What a developer's test adds to the sandbox: APIs, users, and hubs.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { demoHubs, type SandboxOptions, type SandboxRoute, startSandbox } from '../support/sandbox.ts';
import { serviceAccountToken } from './assertion-calls.ts';
import { accessToken, get, json } from './calls.ts';
import { startClockedSandbox } from './clock.ts';
import { documentSchema, namesOf, readerOf, resource } from './documents.ts';
import { authorizeUrl, benji, userTokens } from './sign-in-calls.ts';

const projectId = 'b.11111111-2222-4333-8444-555555555555';
const budgets = Array.from({ length: 25 }, (_, index) => ({ id: `budget-${index + 1}` }));

const routes: SandboxRoute[] = [
  {
    method: 'GET',
    path: '/cost/v1/containers/{containerId}/budgets',
    scopes: ['data:read'],
    answer({ params, query, user, clientId }) {
      if (params.containerId !== 'plant / 4')
        return Response.json({ title: 'No container' }, { status: 404 });
      const offset = Number(query.get('offset') ?? 0);
      const limit = Number(query.get('limit') ?? 10);
      const results = budgets.slice(offset, offset + limit);
      return Response.json({ results, reader: user?.name ?? clientId });
    },
  },
  {
    method: 'POST',
    path: '/cost/v1/containers/{containerId}/budgets',
    scopes: ['data:write', 'data:create'],
    token: '3-legged',
    answer: async ({ request, user }) =>
      Response.json({ sent: await request.json(), author: user?.userId }, { status: 201 }),
  },
  { method: 'GET', path: '/cost/v1/rates', token: '2-legged', perMinute: 2, answer: () => Response.json([]) },
  {
    method: 'GET',
    path: '/cost/v1/broken',
    answer() {
      throw new Error('I forgot a case');
    },
  },
  {
    method: 'GET',
    path: '/oss/v2/buckets/{bucketKey}/details',
    answer: () => Response.json({ reason: 'Replaced' }, { status: 404 }),
  },
];

const { sandbox, clock } = await startClockedSandbox({
  tokenLifetimeSeconds: 600,
  routes,
  users: [{ userId: 'TESTUSERFRIDA', name: 'Frida Field Engineer', email: 'frida@plant.example' }],
  hubs: [
    {
      id: 'b.99999999-2222-4333-8444-555555555555',
      name: 'Plant builders',
      region: 'EMEA',
      members: ['TESTUSERFRIDA', 'SBXSERVICE01'],
      projects: [
        {
          id: projectId,
          name: 'Plant 4',
          folders: [
            {
              name: 'Project Files',
              folders: [{ name: 'Drawings', items: [{ name: 'Pump.dwg', versions: 3 }, 'Valve.dwg'] }],
            },
          ],
        },
      ],
    },
    { name: 'Everybody', projects: [] },
  ],
});

const url = '/cost/v1/containers/plant%20%2F%204/budgets';
const frida = () => userTokens(sandbox, { scope: 'data:read data:create' }, 'TESTUSERFRIDA');

describe('an API that a test adds', () => {
  test('answers a token with the scope, and knows parameters, query and application', async () => {
    const answer = await get(sandbox, `${url}?offset=20&limit=10`, await accessToken(sandbox));
    expect(answer.status).toBe(200);
    expect(await json(answer)).toEqual({ results: budgets.slice(20), reader: 'sandbox-client-id' });
  });

  test('knows the user, and the body of the request', async () => {
    const { access } = await frida();
    expect(await json(await get(sandbox, `${url}?limit=0`, access))).toEqual({
      results: [],
      reader: 'Frida Field Engineer',
    });
    const answer = await fetch(`${sandbox.url}${url}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access}` },
      body: '{"amount":12}',
    });
    expect(answer.status).toBe(201);
    expect(await json(answer)).toEqual({ sent: { amount: 12 }, author: 'TESTUSERFRIDA' });
  });

  test('answers with its own errors', async () => {
    const answer = await get(sandbox, '/cost/v1/containers/other/budgets', await accessToken(sandbox));
    expect(answer.status).toBe(404);
    expect(await json(answer)).toEqual({ title: 'No container' });
  });

  test.each([
    ['no token', 'GET', url, async () => '', 401, 'AUTH-012'],
    ['an unknown token', 'GET', url, async () => 'x.y.z', 401, 'AUTH-006'],
    ['a token without the scope', 'GET', url, () => accessToken(sandbox, 'bucket:read'), 403, 'AUTH-010'],
    [
      'a token without a user where it needs one',
      'POST',
      url,
      () => accessToken(sandbox, 'data:write'),
      403,
      'AUTH-010',
    ],
    [
      'a token of a user where it takes none',
      'GET',
      '/cost/v1/rates',
      async () => (await frida()).access,
      403,
      'AUTH-010',
    ],
  ])('refuses %s as APS does', async (_what, method, path, tokenFor, status, errorCode) => {
    const token = await tokenFor();
    const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${sandbox.url}${path}`, { method, headers });
    expect(answer.status).toBe(status);
    expect(await json(answer)).toMatchObject({ errorCode });
  });

  test('refuses an expired token', async () => {
    const token = await accessToken(sandbox);
    clock.now += 600_000;
    const answer = await get(sandbox, url, token);
    expect(answer.status).toBe(401);
    expect(await json(answer)).toMatchObject({ errorCode: 'AUTH-006' });
  });

  test('is in the request log, with the token', async () => {
    await get(sandbox, `${url}?limit=1`, await accessToken(sandbox));
    expect(sandbox.requests.at(-1)).toMatchObject({
      method: 'GET',
      path: url,
      query: { limit: '1' },
      status: 200,
      tokenId: expect.any(String),
    });
  });

  test('has the rate limit that it declares', async () => {
    const token = await accessToken(sandbox);
    const statuses: number[] = [];
    for (let call = 0; call < 3; call += 1)
      statuses.push((await get(sandbox, '/cost/v1/rates', token)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  test('fails as the switches say', async () => {
    const token = await accessToken(sandbox);
    sandbox.trouble.set({ failAll: { status: 503 } });
    const answer = await get(sandbox, url, token);
    sandbox.trouble.reset();
    expect(answer.status).toBe(503);
  });

  test('that throws is 500, with what it threw', async () => {
    const answer = await get(sandbox, '/cost/v1/broken', await accessToken(sandbox));
    expect(answer.status).toBe(500);
    expect(await json(answer)).toMatchObject({
      errorCode: 'ERR-003',
      developerMessage: 'The route GET /cost/v1/broken of this test failed: I forgot a case',
    });
  });

  test('replaces a route that the sandbox has', async () => {
    const path = '/oss/v2/buckets/sandbox-survey-photos/details';
    expect(await json(await get(sandbox, path, await accessToken(sandbox)))).toEqual({ reason: 'Replaced' });
  });

  test('is in the list of what is served, once', async () => {
    const { served } = await json(await get(sandbox, '/cost/v1/nothing'));
    expect(served).toContain('GET /cost/v1/containers/{containerId}/budgets');
    const once = 'GET /oss/v2/buckets/{bucketKey}/details';
    expect(Array.isArray(served) && served.filter((each) => each === once)).toEqual([once]);
  });
});

describe('a user that a test adds', () => {
  test('is on the page first, and has a profile', async () => {
    const sentTo = await sandbox.signIn(authorizeUrl(sandbox, { state: 's' }));
    expect(sentTo.searchParams.get('code')).toEqual(expect.any(String));
    const page = await (await fetch(authorizeUrl(sandbox))).text();
    expect([...page.matchAll(/name="user" id="[^"]+" value="([^"]+)"/g)].map(([, id]) => id)).toEqual([
      'TESTUSERFRIDA',
      'SBXUSERALICE',
      'SBXUSERBENJI',
      'SBXUSERCHIEN',
    ]);
    expect(await json(await get(sandbox, '/userinfo', (await frida()).access))).toMatchObject({
      sub: 'TESTUSERFRIDA',
      name: 'Frida Field Engineer',
      given_name: 'Frida',
      family_name: 'Field Engineer',
      email: 'frida@plant.example',
      email_verified: true,
      locale: 'en-US',
    });
  });
});

describe('hubs that a test adds', () => {
  const hubsOf = async (token: string) => {
    const answer = await get(sandbox, '/project/v1/hubs', token);
    return namesOf(z.array(resource).parse(documentSchema.parse(await answer.json()).data));
  };

  test('are those of their members', async () => {
    expect(await hubsOf((await frida()).access)).toEqual(['Plant builders', 'Everybody']);
    const { access } = await userTokens(sandbox, {}, benji);
    expect(await hubsOf(access)).toEqual(['Rheinbrücke Bau']);
  });

  test('come first for a service account that is a member, as an invited one is', async () => {
    const expected = ['Plant builders', 'Everybody', 'Sandbox Construction', 'Sandbox Europe'];
    expect(await hubsOf(await serviceAccountToken(sandbox, clock.now))).toEqual(expected);
    expect(sandbox.inviteServiceAccount('SBXSERVICE01').hubs).toEqual(expect.arrayContaining(expected));
  });

  test('have their projects, folders, items and versions', async () => {
    const { read } = readerOf(sandbox, (await frida()).access);
    const hub = 'b.99999999-2222-4333-8444-555555555555';
    const projects = await read(`/project/v1/hubs/${hub}/projects`);
    expect(projects.list.map(({ id, attributes }) => [id, attributes.name])).toEqual([
      [projectId, 'Plant 4'],
    ]);
    const top = await read(`/project/v1/hubs/${hub}/projects/${projectId}/topFolders`);
    expect(namesOf(top.list)).toEqual(['Project Files']);
    const contents = (id?: string) => read(`/data/v1/projects/${projectId}/folders/${id}/contents`);
    const [drawings] = (await contents(top.list[0]?.id)).list;
    const items = (await contents(drawings?.id)).list;
    expect(namesOf(items)).toEqual(['Pump.dwg', 'Valve.dwg']);
    const versions = await read(
      `/data/v1/projects/${projectId}/items/${encodeURIComponent(items[0]?.id ?? '')}/versions`,
    );
    expect(versions.list).toHaveLength(3);
  });
});

describe('options that are wrong are refused with the place and the reason:', () => {
  const answer = () => Response.json({});
  test.each<[string, SandboxOptions, string]>([
    ['a relative path', { routes: [{ method: 'GET', path: 'cost', answer }] }, 'routes[0].path: must be'],
    [
      'a path of the sandbox itself',
      { routes: [{ method: 'GET', path: '/_sandbox/x', answer }] },
      'routes[0]',
    ],
    [
      'a route twice',
      {
        routes: [
          { method: 'GET', path: '/cost/{a}', answer },
          { method: 'GET', path: '/cost/{b}', answer },
        ],
      },
      'routes[1].path: GET /cost/{b} is there already',
    ],
    [
      'a user of the sandbox',
      { users: [{ userId: benji, name: 'B', email: 'b@c.example' }] },
      `users[0].userId: ${benji} is there already`,
    ],
    [
      'an email address',
      { users: [{ userId: 'A', name: 'B', email: 'nowhere' }] },
      'users[0].email: Invalid email address',
    ],
    [
      'a member that does not exist',
      { hubs: [{ name: 'H', members: ['FRED'], projects: [] }] },
      'hubs[0].members[0]: there is no user or service account FRED',
    ],
    [
      'two hubs of one name',
      {
        hubs: [
          { name: 'H', projects: [] },
          { name: 'H', projects: [] },
        ],
      },
      'hubs[1]: H is there already',
    ],
    [
      'two projects with one id',
      {
        hubs: [
          { name: 'H', projects: [{ id: 'b.1', name: 'P' }] },
          { name: 'I', projects: [{ id: 'b.1', name: 'P' }] },
        ],
      },
      'hubs[1].projects[0].id: b.1 is there already',
    ],
    ['a hub of the sandbox', { hubs: [{ id: demoHubs.alice, name: 'H', projects: [] }] }, 'hubs[0].id: b.0'],
    [
      'two files of one name',
      { hubs: [{ name: 'H', projects: [{ name: 'P', folders: [{ name: 'F', items: ['a', 'a'] }] }] }] },
      'hubs[0].projects[0].folders[0].items[1]: a is there already',
    ],
  ])('%s', async (_what, options, reason) => {
    await expect(startSandbox(options)).rejects.toThrow(reason);
  });
});
