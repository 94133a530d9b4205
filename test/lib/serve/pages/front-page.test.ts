// The page for people who open the server's address in a browser.
import { FastMCP } from 'fastmcp';
import { beforeAll, expect, test } from 'vitest';
import type { Caller } from '../../../../lib/caller.ts';
import { closing } from '../../../support/closing.ts';
import { type RawAnswer, send } from '../../../support/raw-http.ts';
import { serve } from '../../../support/serving.ts';

const keep = closing();
let page: RawAnswer;
beforeAll(async () => {
  const script = (where: string) => `<script>alert("${where}")</script>&amp;'`;
  const server = new FastMCP<Caller>({
    name: `Name ${script('name')}`,
    version: '1.0.0',
    instructions: `Instructions ${script('instructions')}`,
  });
  server.addTool({
    name: 'tool<b>',
    description: `Description ${script('description')}`,
    execute: async () => '',
  });
  page = await send(keep(await serve(server)).url);
});

test('it says what is served, what it can do, and how to connect', () => {
  expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  for (const part of ['Name ', 'Instructions ', 'Description ', '/mcp', 'lang="en"'])
    expect(page.body).toContain(part);
});

test('whatever the definition says is text there, never markup', () => {
  expect(page.body).not.toMatch(/<script|<b>/);
  for (const where of ['name', 'instructions', 'description'])
    expect(page.body).toContain(`&lt;script&gt;alert(&quot;${where}&quot;)&lt;/script&gt;&amp;amp;&#39;`);
  expect(page.body).toContain('tool&lt;b&gt;');
});

test('no script runs on it, nothing is loaded by it, and nobody frames it', () => {
  const policy = String(page.headers['content-security-policy']);
  for (const rule of [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ])
    expect(policy).toContain(rule);
  expect(policy).not.toMatch(/script-src|unsafe-eval|\*|https?:/);
  expect(page.headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
});
