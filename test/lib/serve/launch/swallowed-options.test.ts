// The options that npm takes for its own when `--` is forgotten: what npm hands on, and the command line that is offered.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { swallowedByNpm } from '../../../../lib/serve/launch/swallowed-options.ts';

const options = {
  sandbox: { type: 'boolean' },
  json: { type: 'boolean' },
  replace: { type: 'boolean' },
  yes: { type: 'boolean' },
  port: { type: 'string' },
  name: { type: 'string' },
  'client-auth': { type: 'string' },
} as const;

/** What is said after `npm run 2lo`, where npm hands on `config` and the rest of the command line. */
function said(config: Record<string, string>, args: string[] = []) {
  for (const [name, value] of Object.entries(config)) vi.stubEnv(`npm_config_${name}`, value);
  const program = {
    name: 'aps-mcp',
    options,
    commandLine: (typed: string) => `npx aps-mcp 2lo ${typed}`,
  };
  return swallowedByNpm(program, args);
}

beforeEach(() => {
  // Whatever started the tests was told other things.
  const variables = Object.keys(options).map((name) => name.replaceAll('-', '_'));
  for (const name of [...variables, 'replace_registry_host']) vi.stubEnv(`npm_config_${name}`, undefined);
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
  ['a switch after names', { sandbox: 'true' }, ['cursor', 'ssa'], 'cursor ssa --sandbox'],
  ['a switch that npm has, too', { sandbox: 'true', json: 'true' }, ['2lo'], '2lo --sandbox --json'],
  ['an option whose value npm has kept', { name: 'foo' }, ['cursor', '2lo'], 'cursor 2lo --name=foo'],
  ['an option whose value has arrived', { port: 'true', sandbox: 'true' }, ['5005'], '--sandbox --port 5005'],
  ['an option besides others that have arrived', { sandbox: 'true' }, ['--port', '1'], '--port 1 --sandbox'],
  ['--yes, besides others', { sandbox: 'true', yes: 'true' }, [], '--sandbox --yes'],
  ['an option that npm completes', { replace_registry_host: 'true' }, [], '--replace'],
])('%s gets the command line that was meant', (_what, config, args, expected) => {
  expect(said(config, args)).toMatch(
    new RegExp(`^npm has taken .* for itself\\. .*: npm run 2lo -- ${expected}$`),
  );
});

test.each<[string, Record<string, string>, string[]]>([
  ['a value among names', { name: 'true' }, ['cursor', '2lo', 'foo']],
  ['values of several options', { client_auth: 'true', port: 'true' }, ['oidc', '5005']],
  ['a value that is missing', { port: 'true' }, []],
])('%s cannot be told: no command line is made up', (_what, config, args) => {
  expect(said(config, args)).toMatch(
    /^npm has taken .*, and does not tell which value belongs to .*: npm run 2lo -- \.\.\.$/,
  );
});

test('a script of somebody else’s package is offered its own name, and npx what npx runs', () => {
  vi.stubEnv('npm_lifecycle_event', 'start');
  vi.stubEnv('npm_lifecycle_script', 'aps-mcp 2lo');
  expect(said({ sandbox: 'true' })).toContain('npm run start -- --sandbox');
  vi.stubEnv('npm_lifecycle_event', 'npx');
  expect(said({ sandbox: 'true', yes: 'true' })).toMatch(/npx aps-mcp 2lo --sandbox$/);
});

test.each([
  ['--yes alone, which npm has, too', () => {}, { yes: 'true' }],
  ['what npm has its own option for', () => {}, { replace_registry_host: 'npmjs' }],
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
