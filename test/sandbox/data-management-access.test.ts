// Access to Data Management, and its errors.
import { afterAll, describe, expect, test } from 'vitest';
import { demoHubs, startSandbox } from '../support/sandbox.ts';
import { assertion, serviceAccountToken } from './assertion-calls.ts';
import { accessToken, get, json, withoutApis } from './calls.ts';
import { contentsOf, projectsOf, readerOf } from './documents.ts';
import { userTokens } from './sign-in-calls.ts';

const sandbox = await startSandbox();
afterAll(() => sandbox.close());
const service = await serviceAccountToken(sandbox);
const { read, refusal, showcase } = readerOf(sandbox, service);

describe('what does not exist or belongs to others', () => {
  test('is 404 if it does not exist, 403 if it belongs to others', async () => {
    const theirs = (await read(projectsOf(demoHubs.construction))).first;
    const { files } = await showcase();
    const { access } = await userTokens(sandbox);
    const nothingThere = { status: 404, code: 'NOT_FOUND' };
    const notYours = { status: 403, code: 'BIM360DM_ERROR' };
    expect(await refusal('/project/v1/hubs/b.nowhere', access)).toEqual(nothingThere);
    expect(await refusal(projectsOf('b.nowhere'), access)).toEqual(nothingThere);
    expect(await refusal(`${projectsOf(demoHubs.alice)}/b.nothing`, access)).toEqual(nothingThere);
    expect(await refusal(`${projectsOf(demoHubs.alice)}/${theirs.id}`, access)).toEqual(nothingThere);
    expect(await refusal(`${projectsOf(demoHubs.alice)}/b.nothing/topFolders`, access)).toEqual(nothingThere);
    expect(await refusal('/data/v1/projects/b.nothing/folders/x/contents', access)).toEqual(nothingThere);

    expect(await refusal(`/project/v1/hubs/${demoHubs.benji}`, access)).toEqual(notYours);
    expect(await refusal(projectsOf(demoHubs.benji), access)).toEqual(notYours);
    expect(await refusal(`${projectsOf(demoHubs.construction)}/${theirs.id}`, access)).toEqual(notYours);
    expect(await refusal(contentsOf(theirs, files), access)).toEqual(notYours);
    expect(await refusal(projectsOf(demoHubs.chien), access)).toEqual({ status: 403, code: 'FORBIDDEN' });
  });

  test.each(['folders/x', 'folders/x/contents', 'items/x', 'items/x/versions', 'items/x/tip', 'versions/x'])(
    'is 404 within a project: %s',
    async (rest) => {
      const { project } = await showcase();
      expect(await refusal(`/data/v1/projects/${project.id}/${rest}`)).toEqual({
        status: 404,
        code: 'NOT_FOUND',
      });
    },
  );

  test('is 404 for a version past the last', async () => {
    const { project, folder } = await showcase();
    const { included } = await read(contentsOf(project, folder('02 Models')));
    const past = (included?.[0]?.links.self.href ?? '').replace('%3D12', '%3D13');
    expect(await refusal(past)).toMatchObject({ status: 404 });
  });
});

describe('without the right token', () => {
  const paths = [
    '/project/v1/hubs',
    `/project/v1/hubs/${demoHubs.europe}`,
    projectsOf(demoHubs.europe),
    `${projectsOf(demoHubs.europe)}/x`,
    `${projectsOf(demoHubs.europe)}/x/topFolders`,
    '/data/v1/projects/x/folders/x',
    '/data/v1/projects/x/folders/x/contents',
    '/data/v1/projects/x/items/x',
    '/data/v1/projects/x/items/x/versions',
    '/data/v1/projects/x/items/x/tip',
    '/data/v1/projects/x/versions/x',
  ];

  test.each(paths)('%s is refused by the gateway', async (path) => {
    const code = async (token?: string) => {
      const answer = await get(sandbox, path, token);
      return [answer.status, (await json(answer)).errorCode];
    };
    expect(await code()).toEqual([401, 'AUTH-012']);
    expect(await code('garbled')).toEqual([401, 'AUTH-006']);
    expect(await code(await accessToken(sandbox, 'bucket:read account:read'))).toEqual([403, 'AUTH-010']);
    expect(await code(await accessToken(sandbox, 'data:read', withoutApis))).toEqual([403, 'AUTH-001']);
  });

  test.each([
    ['two spaces after Bearer', (token: string) => `Bearer  ${token}`],
    ['no Bearer', (token: string) => token],
  ])('%s is no bearer token', async (_case, written) => {
    for (const path of ['/project/v1/hubs', '/userinfo']) {
      const answer = await fetch(`${sandbox.url}${path}`, { headers: { authorization: written(service) } });
      expect([answer.status, (await json(answer)).errorCode]).toEqual([401, 'AUTH-012']);
    }
  });

  test('an assertion does not work as a token', async () => {
    expect((await get(sandbox, '/project/v1/hubs', await assertion(sandbox, Date.now()))).status).toBe(401);
  });
});

test('trouble applies to these routes, and the request log lists them', async () => {
  sandbox.trouble.set({ sequence: [{ status: 503, retryAfter: '1' }] });
  const path = `${projectsOf(demoHubs.europe)}?page[number]=0`;
  expect((await get(sandbox, path, service)).status).toBe(503);
  expect((await get(sandbox, path, service)).status).toBe(200);
  sandbox.trouble.reset();
  expect(sandbox.requests.at(-1)).toMatchObject({
    method: 'GET',
    path: projectsOf(demoHubs.europe),
    query: { 'page[number]': '0' },
    status: 200,
  });
});
