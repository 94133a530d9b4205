// docs/tutorial/5-your-own-tool.md: its tests pass, and its results are those that it shows. The type check of its code is in
// test/scripts/new/new.test.ts.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { writeProject } from '../../scripts/new/folder.ts';
import type { definition as serverOfThisProject } from '../../servers/2lo.ts';
import { pathOf } from '../support/programs.ts';
import { startSandbox } from '../support/sandbox.ts';
import { builtFrom, serve } from '../support/serving.ts';
import { blocks, chapterFiles } from './chapter.ts';

const above = mkdtempSync(join(tmpdir(), 'aps-mcp-chapter-'));
afterAll(() => rmSync(above, { recursive: true, force: true }));
const folder = join(above, 'my-server');

/** The package is this repository. Its sandbox is that of the tests, which compares the answers with Autodesk's documents. */
const here = (code: string) =>
  code
    .replaceAll("'aps-mcp/sandbox'", JSON.stringify(pathOf('test/support/sandbox.ts')))
    .replaceAll("'aps-mcp'", JSON.stringify(pathOf('lib/index.ts')))
    // The tests of a project run in its folder, and these do not. Nobody reads here what the server prints.
    .replaceAll("'server.ts'", JSON.stringify(join(folder, 'server.ts')))
    .replace('command: process.execPath,', "$& stderr: 'ignore',");

writeProject(folder, new Map([...chapterFiles()].map(([path, code]) => [path, here(code)])));
symlinkSync(pathOf('node_modules'), join(folder, 'node_modules'), 'junction');
const load = (path: string) => import(pathToFileURL(join(folder, path)).href);

describe('the tests in the chapter pass:', async () => {
  await load('test/list-issues.test.ts');
});

test('the results that it shows are those of its requests', async () => {
  const { listIssues } = await load('test/issues-api.ts');
  const { definition } = z
    .object({ definition: z.custom<typeof serverOfThisProject>() })
    .parse(await load('server.ts'));
  const sandbox = await startSandbox({ routes: [listIssues] });
  const served = await serve(builtFrom(definition, sandbox.env));
  const request = blocks('bash').find((code) => code.includes('list_issues')) ?? '';
  const [, body = ''] = /-d '(.+)'/.exec(request) ?? [];
  const send = async (text: string) => {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const answer = await (await fetch(`${served.url}/mcp`, { method: 'POST', headers, body: text })).text();
    return JSON.parse(/\{.*\}/.exec(answer)?.[0] ?? '').result;
  };

  expect((await send(body)).structuredContent).toEqual(JSON.parse(blocks('json')[0] ?? ''));
  const withoutId = (text = '') => text.trim().replace(/request [\w-]+/, 'request ID');
  const [{ text }] = (await send(body.replace('000000000001', '000000000002'))).content;
  expect(withoutId(text)).toBe(withoutId(blocks('text')[0]));
  await served.close();
  await sandbox.close();
});
