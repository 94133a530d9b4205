// The options that npm takes for its own when `--` is forgotten: what npm hands on, and the command line that is offered.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { swallowedByNpm } from '../../../../lib/serve/launch/swallowed-options.ts';

const options = { sandbox: { type: 'boolean' }, port: { type: 'string' }, yes: { type: 'boolean' } } as const;
const clientAuth = { 'client-auth': { type: 'string' } } as const;

/** What is said after `npm run 2lo`, where npm hands on `config` and the rest of the command line. */
function said(
  config: Record<string, string>,
  args: string[] = [],
  of: typeof options | typeof clientAuth = options,
) {
  for (const [name, value] of Object.entries(config)) vi.stubEnv(`npm_config_${name}`, value);
  const program = {
    name: 'aps-mcp',
    options: of,
    commandLine: (typed: string) => `npx aps-mcp 2lo ${typed}`,
  };
  return swallowedByNpm(program, args);
}

beforeEach(() => {
  // Whatever started the tests was told other things.
  for (const name of ['sandbox', 'port', 'yes', 'client_auth']) vi.stubEnv(`npm_config_${name}`, undefined);
  vi.stubEnv('npm_lifecycle_event', '2lo');
  vi.stubEnv('npm_lifecycle_script', 'node --import tsx scripts/aps-mcp.ts 2lo');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('nothing is said where npm has swallowed nothing', () => {
  expect(said({}, ['--sandbox'])).toBeUndefined();
});

test.each<[string, Record<string, string>, string[], string]>([
  ['a switch', { sandbox: 'true' }, [], '--sandbox'],
  ['a value behind =', { port: '5005' }, [], '--port=5005'],
  ['a switch before names', { sandbox: 'true' }, ['cursor', 'ssa'], '--sandbox cursor ssa'],
  ['an option whose value has arrived', { port: 'true', sandbox: 'true' }, ['5005'], '--sandbox --port 5005'],
  ['an option before others that have arrived', { sandbox: 'true' }, ['--port', '1'], '--sandbox --port 1'],
])('%s gets the command line that was meant', (_what, config, args, expected) => {
  expect(said(config, args)).toMatch(
    new RegExp(`^npm has taken .* for itself\\. .*: npm run 2lo -- ${expected}$`),
  );
});

test('values that could belong to several options are left to be filled in', () => {
  expect(said({ client_auth: 'true' }, ['oidc', '5005'], clientAuth)).toContain('-- --client-auth ...');
});

test('a script of somebody else’s package is offered its own name, and npx what npx runs', () => {
  vi.stubEnv('npm_lifecycle_event', 'start');
  vi.stubEnv('npm_lifecycle_script', 'aps-mcp 2lo');
  expect(said({ sandbox: 'true' })).toContain('npm run start -- --sandbox');
  vi.stubEnv('npm_lifecycle_event', 'npx');
  expect(said({ sandbox: 'true' })).toMatch(/npx aps-mcp 2lo --sandbox$/);
});

test.each([
  ['--yes, which npm has, too', () => {}, { yes: 'true' }],
  ['a start without npm', () => vi.stubEnv('npm_lifecycle_event', undefined), { sandbox: 'true' }],
  [
    'a start by a program that npm has started',
    () => vi.stubEnv('npm_lifecycle_script', 'node an-agent.js'),
    { sandbox: 'true' },
  ],
])('nothing is said of %s', (_what, arrange, config) => {
  arrange();
  expect(said(config)).toBeUndefined();
});
