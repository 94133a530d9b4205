// The hubs of Data Management, and who has access to them.
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { demoHubs, startSandbox } from '../support/sandbox.ts';
import { serviceAccountToken } from './assertion-calls.ts';
import { accessToken, get, other } from './calls.ts';
import { documentSchema, namesOf, projectsOf, readerOf, resource } from './documents.ts';
import { alice, benji, chien, userTokens } from './sign-in-calls.ts';

const sandbox = await startSandbox({ regionWarnings: true });
afterAll(() => sandbox.close());
const service = await serviceAccountToken(sandbox);
const { read, refusal } = readerOf(sandbox, service);

/** A token of that user, or of the service account. */
async function tokenOf(userId?: string): Promise<string> {
  return userId === undefined ? service : (await userTokens(sandbox, {}, userId)).access;
}

describe('the list of hubs', () => {
  test('warns only of a hub that lacks a custom integration, unless all warnings of APS are asked for', async () => {
    const quiet = await startSandbox();
    onTestFinished(() => quiet.close());
    const { read: readQuietly } = readerOf(quiet, await serviceAccountToken(quiet));
    const { meta } = await readQuietly('/project/v1/hubs');
    expect(meta?.warnings.map(({ HttpStatusCode }) => HttpStatusCode)).toEqual(['403']);
    for (const userId of [alice, benji, chien]) {
      const { access } = await userTokens(quiet, {}, userId);
      expect((await readQuietly('/project/v1/hubs', access)).meta).toBeUndefined();
    }
    quiet.approveIntegration(demoHubs.awaitingApproval);
    expect((await readQuietly('/project/v1/hubs')).meta).toBeUndefined();
  });

  test.each([
    ['the service account', undefined, ['Sandbox Construction US', 'Sandbox Europe EMEA']],
    ['Alice', alice, ['Harbor Street Architects US', 'Alice’s hub US']],
    ['Benji', benji, ['Rheinbrücke Bau EMEA']],
    ['Chien', chien, ['陳建築師事務所 US']],
  ])('of %s has no hub of anybody else', async (_name, userId, expected) => {
    const { list, links } = await read('/project/v1/hubs', await tokenOf(userId));
    expect(list.map(({ attributes }) => `${attributes.name} ${attributes.region}`)).toEqual(expected);
    expect(links).toEqual({ self: { href: `${sandbox.url}/project/v1/hubs` } });
  });

  test('shows each kind of hub as APS does', async () => {
    const { first } = await read('/project/v1/hubs');
    expect(first).toEqual({
      type: 'hubs',
      id: demoHubs.construction,
      attributes: {
        name: 'Sandbox Construction',
        extension: {
          type: 'hubs:autodesk.bim360:Account',
          version: '1.0',
          schema: { href: `${sandbox.url}/schema/v1/versions/hubs%3Aautodesk.bim360%3AAccount-1.0` },
          data: {},
        },
        region: 'US',
      },
      links: { self: { href: `${sandbox.url}/project/v1/hubs/${demoHubs.construction}` } },
      relationships: {
        projects: { links: { related: { href: `${sandbox.url}${projectsOf(demoHubs.construction)}` } } },
      },
    });
    const kinds = async (userId: string) =>
      (await read('/project/v1/hubs', await tokenOf(userId))).list.map(({ id, attributes }) => [
        id.slice(0, 2),
        z.looseObject({ type: z.string() }).parse(attributes.extension).type,
      ]);
    expect(await kinds(alice)).toEqual([
      ['b.', 'hubs:autodesk.bim360:Account'],
      ['a.', 'hubs:autodesk.a360:PersonalHub'],
    ]);
    expect(await kinds(chien)).toEqual([['a.', 'hubs:autodesk.core:Hub']]);
  });

  test('warns of a region whose account has not approved the application, and of one without membership', async () => {
    const { meta } = await read('/project/v1/hubs');
    expect(meta?.warnings).toEqual([
      {
        Id: null,
        HttpStatusCode: '403',
        ErrorCode: 'BIM360DM_ERROR',
        Title: 'Unable to get hubs from BIM360DM AUS.',
        Detail: "You don't have permission to access this API",
        AboutLink: null,
        Source: null,
        meta: null,
      },
      expect.objectContaining({
        HttpStatusCode: '401',
        ErrorCode: 'BIM360DM_ERROR',
        Title: 'Unable to get hubs from BIM360DM CAN.',
      }),
    ]);
  });

  test.each([
    ['id', demoHubs.europe, ['Sandbox Europe']],
    ['name', 'Sandbox Construction', ['Sandbox Construction']],
    ['extension.type', 'hubs:autodesk.core:Hub', []],
    ['id', `${demoHubs.construction},${demoHubs.europe}`, ['Sandbox Construction', 'Sandbox Europe']],
  ])('is filtered by %s %s', async (name, value, expected) => {
    const { list } = await read(`/project/v1/hubs?filter[${name}]=${encodeURIComponent(value)}`);
    expect(namesOf(list)).toEqual(expected);
  });
});

describe('an account that has not approved the application', () => {
  const projects = projectsOf(demoHubs.awaitingApproval);

  test('is 403, and accessible with its projects after approval', async () => {
    const fresh = await startSandbox({ regionWarnings: true });
    try {
      const token = await serviceAccountToken(fresh);
      const { read: readFresh, refusal: refusedThere } = readerOf(fresh, token);
      for (const path of [`/project/v1/hubs/${demoHubs.awaitingApproval}`, projects])
        expect(await refusedThere(path)).toEqual({ status: 403, code: 'BIM360DM_ERROR' });
      fresh.approveIntegration(demoHubs.awaitingApproval);
      const { list, meta } = await readFresh('/project/v1/hubs');
      expect(namesOf(list)).toEqual(['Sandbox Construction', 'Sandbox Europe', 'Sandbox Pacific']);
      expect(meta?.warnings.map(({ Title }) => Title)).toEqual(['Unable to get hubs from BIM360DM CAN.']);
      expect(namesOf((await readFresh(projects)).list)).toEqual(['Sydney Metro Tunnels', 'Perth Rail Depot']);
    } finally {
      await fresh.close();
    }
  });

  test('can approve it through the control route', async () => {
    const fresh = await startSandbox({ regionWarnings: true });
    try {
      const approve = (body: unknown) =>
        fetch(`${fresh.url}/_sandbox/approve-integration`, { method: 'POST', body: JSON.stringify(body) });
      expect((await approve({ hub: 'b.nowhere' })).status).toBe(404);
      expect((await approve({})).status).toBe(400);
      expect((await approve({ hub: demoHubs.awaitingApproval })).status).toBe(204);
      expect((await get(fresh, projects, await serviceAccountToken(fresh))).status).toBe(200);
    } finally {
      await fresh.close();
    }
  });

  test('must be an account of the sandbox', () => {
    expect(() => sandbox.approveIntegration(demoHubs.chien)).toThrow(demoHubs.chien);
  });
});

describe('an application without a user', () => {
  test('has access to every account that approved it, and to no hub of a user', async () => {
    const { list, meta } = await read('/project/v1/hubs', await accessToken(sandbox));
    expect(namesOf(list)).toEqual([
      'Sandbox Construction',
      'Sandbox Europe',
      'Maple Leaf Bridges',
      'Harbor Street Architects',
      'Rheinbrücke Bau',
    ]);
    expect(meta?.warnings.map(({ Title }) => Title)).toEqual(['Unable to get hubs from BIM360DM AUS.']);
    expect(await refusal(projectsOf(demoHubs.chien), await accessToken(sandbox))).toMatchObject({
      status: 403,
    });
  });

  test('acts for the user in x-user-id, which a user token cannot do', async () => {
    const asBenji = async (token: string) => {
      const headers = { authorization: `Bearer ${token}`, 'x-user-id': benji };
      const answer = await fetch(`${sandbox.url}/project/v1/hubs`, { headers });
      return namesOf(z.array(resource).parse(documentSchema.parse(await answer.json()).data));
    };
    expect(await asBenji(await accessToken(sandbox))).toEqual(['Rheinbrücke Bau']);
    expect(await asBenji(service)).toEqual(['Sandbox Construction', 'Sandbox Europe']);
  });

  test('that no account approved gets only warnings', async () => {
    const { list, meta } = await read('/project/v1/hubs', await accessToken(sandbox, undefined, other));
    expect(list).toEqual([]);
    expect(meta?.warnings.map((each) => each.HttpStatusCode)).toEqual(['403', '403', '403', '403']);
  });
});
