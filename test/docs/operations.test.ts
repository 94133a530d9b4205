// docs/operations.md and the files in deploy/: they name what there is.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import selfsigned from 'selfsigned';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { guide } from '../../lib/config/guide.ts';
import { knownVariables } from '../../lib/config/variables.ts';
import { newFolder } from '../support/folder.ts';
import { noNginx } from '../support/nginx.ts';
import { pathOf } from '../support/programs.ts';
import { describeWith } from '../support/with-programs.ts';

const read = (path: string) => readFileSync(pathOf(path), 'utf8');
const filesIn = (folder: string) =>
  readdirSync(pathOf(folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
const documentsIn = (path: string): unknown[] =>
  parseAllDocuments(read(path)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS({ maxAliasCount: 100 });
  });

/** The names of variables in a file, as keys or values of `name`. */
const variablesIn = (text: string) =>
  new Set(text.match(/\b(?:APS|MCP|STORE|SESSION)_[A-Z0-9_]+\b/g)?.filter((name) => !name.endsWith('_')));

describe('the table of settings', () => {
  const rows = new Map(
    [...read('docs/operations.md').matchAll(/^\| `([A-Z0-9_]+)` \| (.+) \| (yes)? ?\|$/gm)].map(
      ([, name = '', what = '', secret]) => [name, { what, secret: secret === 'yes' }],
    ),
  );
  test('has every variable with what it is, and whether it is a secret', () => {
    const known = Object.entries(knownVariables).map(([name, schema]) => {
      const { what, secret = false } = guide.get(schema) ?? {};
      return [name, { what, secret }];
    });
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(known));
  });
});

test('the table of what is stored has every kind of key', () => {
  const source = ['lib/aps-sign-in', 'lib/serve/client-sign-in', 'lib/serve/launch', 'lib/store'].flatMap(
    filesIn,
  );
  const kinds = source.flatMap((file) =>
    [...read(file).matchAll(/[`'](?:aps-mcp:)?([a-z-]+):(?:\$\{|shared|data-key)/g)].map(
      ([, kind = '']) => kind,
    ),
  );
  const page = read('docs/operations.md');
  // A caller, addresses, and what a lease is for.
  const notStored = ['key', 'http', 'file', 'renewal'];
  const missing = kinds.filter((kind) => !notStored.includes(kind) && !page.includes(`\`${kind}\``));
  expect(kinds.length).toBeGreaterThan(10);
  expect(missing).toEqual([]);
});

describe('the files of a deployment', () => {
  test.each([
    'deploy/compose/compose.yaml',
    'deploy/compose/aps.env.example',
    'deploy/kubernetes/aps-mcp.yaml',
  ])('%s sets variables that there are', (path) => {
    const named = [...variablesIn(read(path))];
    expect(named).not.toEqual([]);
    expect(Object.keys(knownVariables)).toEqual(expect.arrayContaining(named));
  });

  test('Compose starts two instances with one Redis that keeps what it has', () => {
    const service = z.looseObject({ command: z.array(z.string()).optional() });
    const [{ services }] = z
      .tuple([z.object({ services: z.record(z.string(), service) })])
      .parse(documentsIn('deploy/compose/compose.yaml'));
    expect(Object.keys(services)).toEqual(['one', 'two', 'nginx', 'redis']);
    expect(services.one).toEqual(services.two);
    expect(services.redis?.command?.join(' ')).toBe(
      'redis-server --appendonly yes --maxmemory-policy noeviction',
    );
  });

  test('Kubernetes asks for readiness and life, and gives longer to end than a server takes', () => {
    const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal('http') }) });
    const container = z.object({
      livenessProbe: probe,
      readinessProbe: probe,
      env: z.array(z.object({ name: z.string(), value: z.string() })),
      ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
    });
    const spec = z.object({ terminationGracePeriodSeconds: z.number(), containers: z.tuple([container]) });
    const deployment = z.object({ spec: z.object({ replicas: z.number(), template: z.object({ spec }) }) });
    const documents = documentsIn('deploy/kubernetes/aps-mcp.yaml');
    const kinds = documents.map((document) => z.looseObject({ kind: z.string() }).parse(document).kind);
    expect(kinds).toEqual(['Secret', 'Deployment', 'Service', 'Ingress']);
    const { replicas, template } = deployment.parse(documents[1]).spec;
    const [server] = template.spec.containers;
    expect(replicas).toBe(2);
    // Kubernetes refuses an image whose user is a name, unless it is told the number.
    expect(read('deploy/kubernetes/aps-mcp.yaml')).toMatch(/runAsUser: \d+/);
    expect([server.livenessProbe.httpGet.path, server.readinessProbe.httpGet.path]).toEqual([
      '/health',
      '/ready',
    ]);
    expect(server.ports).toEqual([{ name: 'http', containerPort: 8080 }]);
    const delay = Number(server.env.find(({ name }) => name === 'MCP_SHUTDOWN_DELAY')?.value);
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(delay + 10);
  });
});

describeWith('the configuration of nginx', [noNginx], () => {
  const temporaryPaths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${name};`)
    .join(' ');

  test('is one that nginx takes', async () => {
    const folder = await newFolder();
    mkdirSync(join(folder, 'certs'));
    const { cert, private: key } = await selfsigned.generate([
      { name: 'commonName', value: 'mcp.example.com' },
    ]);
    writeFileSync(join(folder, 'certs/fullchain.pem'), cert);
    writeFileSync(join(folder, 'certs/privkey.pem'), key);
    cpSync(pathOf('deploy/compose/nginx.conf'), join(folder, 'nginx.conf'));
    // Only Compose knows the names of the instances; the port and the folders of nginx need a right that a test may not have.
    const text = readFileSync(join(folder, 'nginx.conf'), 'utf8')
      // nginx 1.27.3 and later, as in Compose, look names up again; the one here may be older.
      .replaceAll(/server (one|two):8080 resolve/g, 'server 127.0.0.1:8080')
      .replace('listen 443 ssl', `listen unix:${join(folder, 'port')} ssl`)
      .replace('http {', `http { access_log off; ${temporaryPaths}`)
      .replace('/tmp/nginx.pid', join(folder, 'nginx.pid'));
    writeFileSync(join(folder, 'nginx.conf'), text);
    const nginx = process.env.NGINX_PATH ?? '/usr/sbin/nginx';
    execFileSync(nginx, ['-t', '-q', '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr']);
  });
});
