import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { clientCommands } from '../../../../lib/serve/pages/client-commands.ts';
import {
  cursorAppLink,
  cursorLink,
  vsCodeAppLink,
  vsCodeLink,
} from '../../../../lib/serve/pages/install-links.ts';
import { pathOf } from '../../../support/programs.ts';

const server = { name: 'aps & "more" +', url: 'https://mcp.example.com/mcp?a=1&b=2' };
const http = { type: 'http', url: server.url };

test('a link for VS Code carries the name and the address, whatever characters are in them', () => {
  const link = new URL(vsCodeLink(server));
  expect(link.origin + link.pathname).toBe('https://insiders.vscode.dev/redirect/mcp/install');
  expect(link.searchParams.get('name')).toBe(server.name);
  expect(JSON.parse(link.searchParams.get('config') ?? '')).toEqual(http);

  const [scheme, query = ''] = vsCodeAppLink(server).split('?');
  expect(scheme).toBe('vscode:mcp/install');
  expect(JSON.parse(decodeURIComponent(query))).toEqual({ name: server.name, ...http });
});

test.each([
  ['https://cursor.com/en/install-mcp?', cursorLink],
  ['cursor://anysphere.cursor-deeplink/mcp/install?', cursorAppLink],
])(
  'a link for Cursor at %s carries the name and the address, whatever characters are in them',
  (start, link) => {
    expect(link(server).startsWith(start)).toBe(true);
    const query = new URL(link(server)).searchParams;
    expect(query.get('name')).toBe(server.name);
    expect(JSON.parse(Buffer.from(query.get('config') ?? '', 'base64').toString())).toEqual({
      url: server.url,
    });
  },
);

test('a shell passes the name and the address in a command on as they are', () => {
  const hostile = { name: "it's $(id) `id`", url: 'https://mcp.example.com/mcp?a=1&b=$HOME' };
  for (const { command } of clientCommands(hostile)) {
    const [, ...words] = execFileSync('bash', ['-c', `printf '%s\\0' ${command}`])
      .toString()
      .split('\0');
    expect(words).toContain(hostile.url);
  }
});

test('a command for an ordinary server needs no quotes', () => {
  const [claude] = clientCommands({ name: 'aps-2lo', url: 'http://localhost:5000/mcp' });
  expect(claude?.command).toBe(
    'claude mcp add --scope user --transport http aps-2lo http://localhost:5000/mcp',
  );
});

test.each([
  ['2lo', 5000],
  ['ssa', 5001],
  ['3lo', 5002],
  ['pkce', 5003],
])('docs/clients.md has the links for %s', async (name, port) => {
  const text = await readFile(pathOf('docs/clients.md'), 'utf8');
  const documented = { name: `aps-${name}`, url: `http://localhost:${port}/mcp` };
  expect(text).toContain(`[vscode-${name}]: ${vsCodeLink(documented)}\n`);
  expect(text).toContain(`[cursor-${name}]: ${cursorLink(documented)}\n`);
});
