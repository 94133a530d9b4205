// The direction of imports: one rule for each sentence in docs/design.md, "Direction of imports". `npm run check` runs it.

/** Everything in `lib` but what matches. */
const libExcept = (...allowed) => ({ path: '^lib/', pathNot: allowed });
/** The files directly in `lib`, without the public door. */
const foundation = '^lib/(?!index\\.ts$)[^/]+\\.ts$';
const room = (name) => `^lib/${name}/`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'servers-use-the-public-door',
      comment: 'servers/ imports lib/index.ts, fastmcp and zod, and nothing else.',
      severity: 'error',
      from: { path: '^servers/' },
      to: { pathNot: ['^lib/index\\.ts$', 'node_modules/(fastmcp|zod)/'] },
    },
    {
      name: 'the-public-door-opens-outwards',
      comment: 'No file in lib/ imports lib/index.ts.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^lib/index\\.ts$' },
    },
    {
      name: 'foundation-imports-no-room',
      comment: 'The files directly in lib/ import each other only.',
      severity: 'error',
      from: { path: foundation },
      to: libExcept(foundation),
    },
    ...['config', 'aps', 'store'].map((name) => ({
      name: `${name}-imports-no-other-room`,
      comment: `lib/${name}/ imports no other room.`,
      severity: 'error',
      from: { path: room(name) },
      to: libExcept(foundation, room(name)),
    })),
    ...['aps-sign-in', 'tools'].map((name) => ({
      name: `${name}-imports-aps-and-store-only`,
      comment: `lib/${name}/ imports lib/aps/ and lib/store/, and no other room.`,
      severity: 'error',
      from: { path: room(name) },
      to: libExcept(foundation, room(name), room('aps'), room('store')),
    })),
    ...['mcp', 'pages'].map((name) => ({
      name: `serve-${name}-imports-no-other-room-of-serve`,
      comment: `lib/serve/${name}/ imports no other room of lib/serve/.`,
      severity: 'error',
      from: { path: room(`serve/${name}`) },
      to: { path: '^lib/serve/', pathNot: room(`serve/${name}`) },
    })),
    {
      name: 'serve-client-sign-in-imports-pages-only',
      comment: 'lib/serve/client-sign-in/ imports lib/serve/pages/, and no other room of lib/serve/.',
      severity: 'error',
      from: { path: room('serve/client-sign-in') },
      to: { path: '^lib/serve/', pathNot: [room('serve/client-sign-in'), room('serve/pages')] },
    },
    {
      name: 'only-the-door-imports-launch',
      comment: 'Of lib/, only lib/index.ts imports lib/serve/launch/.',
      severity: 'error',
      from: { path: '^lib/', pathNot: ['^lib/index\\.ts$', room('serve/launch')] },
      to: { path: room('serve/launch') },
    },
    {
      name: 'lib-stands-alone',
      // The one exception: lib/serve/launch/sandbox.ts loads the sandbox at run time, by an address that it computes, so
      // that nothing here depends on it.
      comment: 'lib/ imports nothing from servers/, scripts/, sandbox/ or test/.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(servers|scripts|sandbox|test)/' },
    },
    {
      name: 'sandbox-shares-no-code',
      comment: 'sandbox/ imports nothing from lib/, servers/, scripts/ or test/.',
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: '^(lib|servers|scripts|test)/' },
    },
    {
      name: 'no-cycles',
      comment: 'Imports form no cycle.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    // TypeScript 7 has no compiler API: without this parser, no module would be seen.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
