// How a user is asked to sign in whose client cannot wait for them: by an error or a result with the address.
import { ProtocolError, type Result, UrlElicitationRequiredError } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { connect, modes } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { alice, benji } from '../../../support/people.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import type { Served } from '../../../support/serving.ts';
import { askedAddress, signInAt, takesAddresses } from '../../../support/sign-in.ts';
import { serveThreeLegged } from '../../../support/three-legged.ts';
import { hubsOf } from '../../../support/tool-results.ts';

const keep = closing();
const sandbox = keep(await startSandbox());

/** Each test has a server of its own: all of its clients are one person. */
const startServer = async (): Promise<Served> => keep(await serveThreeLegged(sandbox));

/** What the Python sample answers, to the letter. */
function sampleResult(address: string, tool = 'list_hubs') {
  const value = {
    auth_required: true,
    auth_url: address,
    message: `Open auth_url in a browser to authenticate, then call ${tool} again.`,
  };
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: { result: value } };
}

/** The address in a text. */
const addressIn = (text: string) => /http:[^"\s\\]+\/authorize\?[^"\s\\]+/.exec(text)?.[0] ?? '';

describe('a client of the handshake era that can take its user to an address', () => {
  test('gets the error -32042 with the address, and the data after the sign-in', async () => {
    const client = keep(await connect((await startServer()).url, 'legacy', takesAddresses));
    const error = await client.callTool({ name: 'list_hubs' }).then(
      () => expect.unreachable(),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UrlElicitationRequiredError);
    // Some clients show their user the message, and nothing else.
    expect(addressIn(String(error))).toContain('/authorize?');
    expect(error).toMatchObject({
      code: -32042,
      data: {
        elicitations: [
          {
            mode: 'url',
            elicitationId: expect.any(String),
            message: expect.stringMatching(/Autodesk.*list_hubs/),
            url: expect.stringContaining('/authorize?'),
          },
        ],
      },
    });
    await signInAt(sandbox, addressIn(JSON.stringify(error)), benji);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });

  test('gets ordinary errors of tools as usual', async () => {
    const client = keep(await connect((await startServer()).url, 'legacy', takesAddresses));
    await expect(client.callTool({ name: 'no_such_tool' })).rejects.toBeInstanceOf(ProtocolError);
    expect(await client.callTool({ name: 'list_projects', arguments: {} })).toMatchObject({ isError: true });
  });
});

describe('a client that cannot', () => {
  const mute = [
    ['says nothing of it', {}],
    ['can only fill in forms', { capabilities: { elicitation: { form: {} } } }],
  ] as const;
  const cases = mute.flatMap(([which, options]) =>
    modes.map(([name, mode]) => [`${name}, which ${which},`, mode, options] as const),
  );

  test.each(cases)('(%s) gets exactly the result of the Python sample', async (_name, mode, options) => {
    const client = keep(await connect((await startServer()).url, mode, options));
    const result: Result = await client.callTool({ name: 'list_hubs' });
    const address = addressIn(JSON.stringify(result));
    const { content, structuredContent, isError } = result;
    expect({ content, structuredContent }).toEqual(sampleResult(address));
    expect(isError ?? false).toBe(false);
    await signInAt(sandbox, address, alice);
    expect(await hubsOf(client)).toEqual(alice.hubs);
  });

  test('is asked by every tool that needs the person, in the name of that tool', async () => {
    const client = keep(await connect((await startServer()).url, 'legacy'));
    const calls = {
      list_projects: { hub_id: 'h' },
      list_contents: { hub_id: 'h', project_id: 'p' },
      list_versions: { project_id: 'p', item_id: 'i' },
    };
    for (const [name, args] of Object.entries(calls)) {
      const { content, structuredContent }: Result = await client.callTool({ name, arguments: args });
      expect({ content, structuredContent }).toEqual(
        sampleResult(addressIn(JSON.stringify(structuredContent)), name),
      );
    }
  });

  test('gets another address at every call, and each of them is good', async () => {
    const client = keep(await connect((await startServer()).url, 'legacy'));
    const [first, later] = [await askedAddress(client), await askedAddress(client)];
    expect(first).not.toBe(later);
    expect((await signInAt(sandbox, first, alice)).status).toBe(200);
    expect((await signInAt(sandbox, later, benji)).status).toBe(200);
    expect(await hubsOf(client)).toEqual(benji.hubs);
  });
});

describe('a list of tools', () => {
  test.each(modes)(
    'for %s says of each listing that it may ask for a sign-in instead',
    async (_name, mode) => {
      const client = keep(await connect((await startServer()).url, mode));
      const { tools } = await client.listTools();
      const listings = tools.filter(({ name }) => name.startsWith('list_'));
      expect(listings).toHaveLength(4);
      for (const { outputSchema } of listings)
        expect(outputSchema).toMatchObject({
          type: 'object',
          required: ['result'],
          'x-fastmcp-wrap-result': true,
          properties: {
            result: {
              anyOf: [
                { type: 'array', items: { type: 'object' } },
                // Without `properties`: clients that make types of schemas then hand out a dictionary.
                {
                  type: 'object',
                  description: expect.stringContaining('auth_url'),
                  required: ['auth_required', 'auth_url', 'message'],
                },
              ],
            },
          },
        });
      expect(JSON.stringify(listings)).not.toContain('"auth_url":');
      expect(JSON.stringify(tools.find(({ name }) => name === 'sign_out'))).not.toContain('auth_url');
    },
  );
});
