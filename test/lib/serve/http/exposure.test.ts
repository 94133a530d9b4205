// Who can reach a server over HTTP, and which combinations do not start.
import { describe, expect, test } from 'vitest';
import type { ClientAuthMode } from '../../../../lib/config/variables.ts';
import { checkExposure, type Exposure } from '../../../../lib/serve/http/exposure.ts';
import type { ServerDefinition } from '../../../../lib/serve/launch/definition.ts';
import { StartupError } from '../../../../lib/startup-error.ts';
import { definition as twoLegged } from '../../../../servers/2lo.ts';
import { definition as threeLegged } from '../../../../servers/3lo.ts';
import { definition as publicClient } from '../../../../servers/pkce.ts';
import { definition as serviceAccount } from '../../../../servers/ssa.ts';

const local = ['localhost', '127.0.0.1', '127.0.0.2', '::1'];
const reachable = [
  ...['0.0.0.0', '::', '192.168.0.1', '2001:db8::1', 'mcp.example.com'],
  ...['127.0.0.1.example.com', 'localhost.example.com', '10.127.0.0.1', '::ffff:127.0.0.1'],
];
const servers = [twoLegged, serviceAccount, threeLegged, publicClient];
const publicUrl = 'https://mcp.example.com';

function reachOf(changes: Partial<Exposure>): Exposure {
  return {
    ...{ host: 'localhost', allowedHosts: [], clientAuth: 'none', limitsUsers: false },
    ...{ insecureNoClientAuth: false, insecureAnyAccount: false },
    ...changes,
  };
}

/** Every way to say where a server is: on this machine only, or where others can reach it. */
const places: Record<Row[0], readonly Partial<Exposure>[]> = {
  local: [
    ...local.map((host) => ({ host })),
    { allowedHosts: ['localhost', '127.0.0.1', '127.0.0.2', '[::1]'] },
  ],
  reachable: [
    ...reachable.map((host) => ({ host })),
    { allowedHosts: ['mcp.example.com'] },
    { allowedHosts: ['localhost', '[2001:db8::1]'] },
    { host: '0.0.0.0', allowedHosts: ['localhost', 'mcp.example.com'] },
  ],
};

/** Why a server does not start; undefined if it does. */
function refusal(definition: ServerDefinition, changes: Partial<Exposure>): string | undefined {
  try {
    checkExposure(definition, reachOf(changes));
    return undefined;
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
}

/** The reasons, by a word or two of each. */
const reasons = {
  anyAccount: /^Everybody with an Autodesk account could/,
  belongsToUsers: /^The tokens of this server belong to its users/,
  everybody: /^Everybody who can reach/,
  contradiction: /^--insecure-no-client-auth contradicts the client sign-in/,
  noPerson: /^A key identifies a program, not a person/,
  noPublicUrl: /^MCP_PUBLIC_URL is missing/,
  unknownPerson: /^MCP_AUTH_CLIENT_ID is missing/,
  noSecret: /"autodesk".+ secret/,
};

type Row = readonly [
  where: 'local' | 'reachable',
  clientAuth: ClientAuthMode,
  flag: boolean,
  publicUrl: boolean,
  application: keyof typeof reasons | undefined,
  users: keyof typeof reasons | undefined,
];

/** All that can be combined: what is said to a server with tokens of its own, and to one with tokens of users. */
const table: readonly Row[] = [
  ['local', 'none', false, false, undefined, undefined],
  ['local', 'none', false, true, 'everybody', 'belongsToUsers'],
  ['local', 'none', true, false, undefined, undefined],
  ['local', 'none', true, true, undefined, 'belongsToUsers'],
  ['local', 'key', false, false, undefined, undefined],
  ['local', 'key', false, true, undefined, 'noPerson'],
  ['local', 'key', true, false, 'contradiction', 'contradiction'],
  ['local', 'key', true, true, 'contradiction', 'contradiction'],
  ['local', 'oidc', false, false, undefined, undefined],
  ['local', 'oidc', false, true, undefined, 'unknownPerson'],
  ['local', 'oidc', true, false, 'contradiction', 'contradiction'],
  ['local', 'oidc', true, true, 'contradiction', 'contradiction'],
  ['local', 'autodesk', false, false, undefined, undefined],
  ['local', 'autodesk', false, true, 'anyAccount', undefined],
  ['local', 'autodesk', true, false, 'contradiction', 'contradiction'],
  ['local', 'autodesk', true, true, 'contradiction', 'contradiction'],
  ['reachable', 'none', false, false, 'everybody', 'belongsToUsers'],
  ['reachable', 'none', false, true, 'everybody', 'belongsToUsers'],
  ['reachable', 'none', true, false, undefined, 'belongsToUsers'],
  ['reachable', 'none', true, true, undefined, 'belongsToUsers'],
  ['reachable', 'key', false, false, undefined, 'noPerson'],
  ['reachable', 'key', false, true, undefined, 'noPerson'],
  ['reachable', 'key', true, false, 'contradiction', 'contradiction'],
  ['reachable', 'key', true, true, 'contradiction', 'contradiction'],
  ['reachable', 'oidc', false, false, 'noPublicUrl', 'noPublicUrl'],
  ['reachable', 'oidc', false, true, undefined, 'unknownPerson'],
  ['reachable', 'oidc', true, false, 'contradiction', 'contradiction'],
  ['reachable', 'oidc', true, true, 'contradiction', 'contradiction'],
  ['reachable', 'autodesk', false, false, 'noPublicUrl', 'noPublicUrl'],
  ['reachable', 'autodesk', false, true, 'anyAccount', undefined],
  ['reachable', 'autodesk', true, false, 'contradiction', 'contradiction'],
  ['reachable', 'autodesk', true, true, 'contradiction', 'contradiction'],
];

test.each(table)(
  'on a host or under names that are %s, with %s, the flag %s, a public address %s, a server starts, or says why not',
  (where, clientAuth, insecureNoClientAuth, named, application, users) => {
    for (const [definition, reason] of [[twoLegged, application] as const, [threeLegged, users] as const])
      for (const place of places[where]) {
        const said = refusal(definition, {
          ...{ ...place, clientAuth, insecureNoClientAuth },
          publicUrl: named ? publicUrl : undefined,
        });
        const which = `${definition.name} ${JSON.stringify(place)}`;
        if (reason) expect(said, which).toMatch(reasons[reason]);
        else expect(said, which).toBeUndefined();
      }
  },
);

describe('with oidc and a client at the provider', () => {
  const identified = { clientAuth: 'oidc', identifiesPeople: true } as const;

  test.each(servers)('$name starts where others can reach it', (definition) => {
    for (const host of [...local, ...reachable])
      expect(refusal(definition, { ...identified, host, publicUrl })).toBeUndefined();
  });

  test('the address that clients use is needed all the same', () => {
    expect(refusal(threeLegged, { ...identified, host: '0.0.0.0' })).toMatch(reasons.noPublicUrl);
  });
});

test('with oidc and no client at the provider, a public address of this machine is no reason to refuse', () => {
  for (const definition of [threeLegged, publicClient])
    expect(refusal(definition, { clientAuth: 'oidc', publicUrl: 'http://localhost:8080' })).toBeUndefined();
});

test('ssa is treated as 2lo, and pkce as 3lo, but for autodesk, which needs a secret', () => {
  const everybody = { host: '0.0.0.0', insecureNoClientAuth: true };
  expect(refusal(serviceAccount, { host: '0.0.0.0' })).toMatch(reasons.everybody);
  expect(refusal(serviceAccount, everybody)).toBeUndefined();
  expect(refusal(publicClient, everybody)).toMatch(reasons.belongsToUsers);
  expect(refusal(publicClient, { clientAuth: 'oidc' })).toBeUndefined();
  for (const changes of [{}, { host: '0.0.0.0', publicUrl }])
    expect(refusal(publicClient, { clientAuth: 'autodesk', ...changes })).toMatch(reasons.noSecret);
});

describe('under a name in MCP_ALLOWED_HOSTS that is not of this machine', () => {
  const allowedHosts = ['localhost', 'mcp.example.com', 'other.example.com'];

  test.each(servers)(
    '$name without a sign-in of clients names those names, and can do without',
    (definition) => {
      const said = refusal(definition, { allowedHosts });
      expect(said).toContain('can reach mcp.example.com or other.example.com ');
      expect(said).toContain('leave out MCP_ALLOWED_HOSTS so that');
      expect(said).not.toMatch(/localhost|--host|MCP_PUBLIC_URL/);
    },
  );

  test('all that would have to be left out is named', () => {
    expect(refusal(twoLegged, { host: '0.0.0.0', allowedHosts, publicUrl })).toContain(
      'leave out --host, MCP_PUBLIC_URL and MCP_ALLOWED_HOSTS so that',
    );
  });

  test.each(['oidc', 'autodesk'] as const)('%s needs the address that tokens are for', (clientAuth) => {
    const said = refusal(threeLegged, { clientAuth, allowedHosts });
    expect(said).toMatch(reasons.noPublicUrl);
    expect(said).toContain('With MCP_ALLOWED_HOSTS,');
    expect(said).not.toContain('--host');
  });
});

describe('where everybody with an Autodesk account could read what the server can', () => {
  const open = { clientAuth: 'autodesk', publicUrl } as const;

  test.each([twoLegged, serviceAccount])(
    '$name needs a list of its users, or to be told that it does not',
    (definition) => {
      const said = refusal(definition, open);
      for (const words of [
        'MCP_ALLOWED_USERS',
        '--client-auth oidc',
        'leave out MCP_PUBLIC_URL',
        '--insecure-any-account',
      ])
        expect(said).toContain(words);
      expect(said).not.toContain('\n');
      expect(refusal(definition, { ...open, limitsUsers: true })).toBeUndefined();
      expect(refusal(definition, { ...open, insecureAnyAccount: true })).toBeUndefined();
    },
  );

  test('a server whose people read their own data needs neither', () => {
    expect(refusal(threeLegged, open)).toBeUndefined();
  });

  test.each([
    [{ ...open, limitsUsers: true }, 'MCP_ALLOWED_USERS'],
    [{ clientAuth: 'autodesk', limitsUsers: true }, 'MCP_ALLOWED_USERS'],
    [{ clientAuth: 'none' }, '"none"'],
    [{ clientAuth: 'key' }, '"key"'],
    [{ clientAuth: 'oidc' }, '"oidc"'],
  ] as const)('--insecure-any-account contradicts %j', (changes, word) => {
    for (const definition of [twoLegged, threeLegged]) {
      const said = refusal(definition, { ...changes, insecureAnyAccount: true });
      expect(said).toMatch(/^--insecure-any-account contradicts [^\n]+: choose one\.$/);
      expect(said).toContain(word);
    }
  });
});

describe('a list of users where nobody proves who they are', () => {
  test.each(['none', 'key'] as const)('is refused rather than ignored: %s', (clientAuth) => {
    for (const definition of servers) {
      const said = refusal(definition, { clientAuth, limitsUsers: true });
      expect(said).toMatch(/^MCP_ALLOWED_USERS .+ does not identify[^\n]+\.$/);
      expect(said).toContain(`"${clientAuth}"`);
      expect(said).toContain(
        definition.isPublicClient ? '--client-auth oidc' : '--client-auth autodesk or oidc',
      );
    }
  });

  test.each(['oidc', 'autodesk'] as const)('is fine where they do: %s', (clientAuth) => {
    for (const changes of [{}, { host: '0.0.0.0', publicUrl }])
      expect(refusal(twoLegged, { clientAuth, limitsUsers: true, ...changes })).toBeUndefined();
  });
});

describe('on this machine, behind a public address, without a sign-in of clients', () => {
  test.each(servers)('$name names that address, and can do without it', (definition) => {
    const said = refusal(definition, { publicUrl });
    expect(said).toContain(`can reach ${publicUrl} `);
    expect(said).toContain('leave out MCP_PUBLIC_URL');
    expect(said).not.toContain('--host');
  });

  test.each(servers)('$name starts if that address is of this machine, too', (definition) => {
    for (const name of ['localhost', '127.0.0.1', '127.0.0.2', '[::1]'])
      expect(refusal(definition, { publicUrl: `http://${name}:8080` })).toBeUndefined();
  });
});

describe('a refusal is one line that names what to do:', () => {
  const host = '192.0.2.1';
  const refusals = [
    [
      twoLegged,
      { host },
      ['--client-auth key, autodesk or oidc', 'leave out --host', '--insecure-no-client-auth', host],
    ],
    [threeLegged, { host }, ['--client-auth autodesk or oidc', 'leave out --host', host]],
    [publicClient, { host }, ['--client-auth oidc', 'leave out --host', host]],
    [threeLegged, { host, clientAuth: 'key' }, ['--client-auth autodesk or oidc', 'leave out --host', host]],
    [publicClient, { host, clientAuth: 'key' }, ['--client-auth oidc', 'leave out --host', host]],
    [
      twoLegged,
      { host, clientAuth: 'oidc' },
      ['MCP_PUBLIC_URL', 'https://mcp.example.com', `--host ${host}`],
    ],
    [
      twoLegged,
      { clientAuth: 'oidc', insecureNoClientAuth: true },
      ['--insecure-no-client-auth', '"oidc"', '--client-auth or MCP_CLIENT_AUTH', 'choose one'],
    ],
    ...[threeLegged, publicClient].map(
      (definition) =>
        [
          definition,
          { host, publicUrl, clientAuth: 'oidc' },
          [
            ...['MCP_AUTH_CLIENT_ID', 'MCP_AUTH_CLIENT_SECRET', 'docs/providers.md'],
            ...[`redirect URI ${publicUrl}/signin/callback`, `${publicUrl}/signin/client.json`],
            'leave out --host and MCP_PUBLIC_URL',
          ],
        ] as const,
    ),
    [publicClient, { clientAuth: 'autodesk' }, ['the client sign-in "autodesk"', 'Use 3lo']],
  ] as const;
  test.each(
    refusals.map(([definition, changes, words]) => [definition.name, changes, definition, words] as const),
  )('%s, %j', (_name, changes, definition, words) => {
    const said = refusal(definition, changes) ?? '';
    for (const word of words) expect(said).toContain(word);
    expect(said).toMatch(/\.$/);
    expect(said).not.toContain('\n');
  });

  test('what a public client cannot do is not offered to it', () => {
    for (const changes of [{ host }, { publicUrl }])
      expect(refusal(publicClient, changes)).not.toContain('autodesk or');
  });

  test('the flag is never the way out where tokens belong to users', () => {
    for (const definition of [threeLegged, publicClient])
      for (const changes of [{ host }, { publicUrl }])
        expect(refusal(definition, changes)).not.toContain('--insecure-no-client-auth');
  });
});

test('who may call behind autodesk is everybody in capitals, where it was told so and others can reach it', () => {
  const whoCanCall = (definition: ServerDefinition, changes: Partial<Exposure>) =>
    checkExposure(definition, reachOf({ clientAuth: 'autodesk', ...changes })).whoCanCall(
      'those who sign in',
    );
  const told = { insecureAnyAccount: true };
  expect(whoCanCall(twoLegged, { ...told, publicUrl })).toMatch(
    /^EVERYBODY with an Autodesk account.*--insecure-any-account/,
  );
  for (const changes of [{}, told, { publicUrl, limitsUsers: true }])
    expect(whoCanCall(twoLegged, changes)).toBe('those who sign in');
  expect(whoCanCall(threeLegged, { ...told, publicUrl })).toBe('those who sign in');
});

test('who may call without a sign-in are programs of this machine, or everybody, and then the flag is repeated', () => {
  const whoCanCall = (changes: Partial<Exposure>) => checkExposure(twoLegged, reachOf(changes)).whoCanCall();
  const everybody = /^EVERYBODY .*--insecure-no-client-auth/;
  for (const host of local) {
    expect(whoCanCall({ host })).toBe('programs on this machine');
    expect(whoCanCall({ host, publicUrl, insecureNoClientAuth: true })).toMatch(everybody);
  }
  for (const host of reachable) expect(whoCanCall({ host, insecureNoClientAuth: true })).toMatch(everybody);
});

test.each([
  [{ host: 'localhost' }, ['localhost']],
  [{ host: 'MCP.Example.com' }, ['mcp.example.com']],
  [{ host: '2001:db8::1' }, ['[2001:db8::1]']],
  [{ host: '0.0.0.0', publicUrl: 'https://mcp.example.com:8443' }, ['0.0.0.0', 'mcp.example.com']],
  [{ host: '::', publicUrl: 'https://[2001:db8::1]' }, ['[::]', '[2001:db8::1]']],
  [{ host: 'localhost', allowedHosts: ['mcp.example.com'] }, ['localhost', 'mcp.example.com']],
])('%j is reached under the names %j, as Host headers have them', (changes, names) => {
  const exposure = reachOf({ insecureNoClientAuth: true, ...changes });
  expect(checkExposure(twoLegged, exposure).hosts).toEqual(names);
});
