// server.json, with which the MCP registry lists the package: valid, and in step with the package and its servers.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { guide } from '../../lib/config/guide.ts';
import { definition as twoLegged } from '../../servers/2lo.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';
import { definition as pkce } from '../../servers/pkce.ts';
import { definition as serviceAccount } from '../../servers/ssa.ts';

const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const published = z.looseObject({ name: z.string(), version: z.string(), mcpName: z.string() });
const { name, version, mcpName } = published.parse(json('../../package.json'));
const document = json('../../server.json');
const server = z
  .looseObject({
    packages: z.array(
      z.looseObject({
        packageArguments: z.array(z.looseObject({ value: z.string() })),
        environmentVariables: z.array(z.looseObject({ name: z.string() })),
      }),
    ),
  })
  .parse(document);

test('it is valid against its published schema', () => {
  // Keywords such as `example` are OpenAPI's.
  const ajv = new Ajv({ strict: false });
  formats.default(ajv);
  const validate = ajv.compile(z.looseObject({}).parse(json('server.schema.json')));
  validate(document);
  expect(validate.errors).toBeNull();
});

test('it has the name that the registry finds in the package, and its version', () => {
  expect(server).toMatchObject({ name: mcpName, version });
  for (const each of server.packages)
    expect(each).toMatchObject({ registryType: 'npm', identifier: name, version });
});

test('the MCP bundle has the same version', () => {
  expect(json('../../mcpb/manifest.json')).toMatchObject({ version });
});

describe('it starts every server over stdio', () => {
  const servers = [twoLegged, serviceAccount, threeLegged, pkce];

  test('one by one', () => {
    expect(server.packages.map((each) => each.packageArguments.map(({ value }) => value))).toEqual(
      servers.map((each) => [each.name, 'stdio']),
    );
  });

  test.each(servers)(
    'and $name with the variables that it needs, of which the secrets are secret',
    ({ name, variables }) => {
      const needed = Object.entries(variables)
        .filter(([, schema]) => !z.safeParse(schema, undefined).success)
        .map(([name, schema]) => ({
          ...{ name, description: expect.any(String), isRequired: true },
          ...(guide.get(schema)?.secret && { isSecret: true }),
        }));
      const listed = server.packages.find((each) => each.packageArguments[0]?.value === name);
      expect(listed?.environmentVariables).toEqual(needed);
    },
  );
});
