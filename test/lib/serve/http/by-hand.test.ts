// Requests that people make with curl: each is told what an MCP client does, and what to use instead.
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { closing } from '../../../support/closing.ts';
import { toolCall } from '../../../support/raw-http.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import type { Served } from '../../../support/serving.ts';
import { serveThreeLegged } from '../../../support/three-legged.ts';

const keep = closing();
let served: Served;
beforeAll(async () => {
  const sandbox: Sandbox = keep(await startSandbox());
  served = keep(await serveThreeLegged(sandbox));
});

const body = JSON.stringify(toolCall('list_hubs'));
const json = { 'content-type': 'application/json' };

test.each([
  ['curl ADDRESS', {}, 405],
  ['curl -X DELETE ADDRESS', { method: 'DELETE' }, 405],
  ['curl -d MESSAGE ADDRESS', { method: 'POST', body, headers: { 'content-type': 'text/plain' } }, 415],
  ['the same with a Content-Type', { method: 'POST', body, headers: { ...json, accept: '*/*' } }, 406],
])('%s names what comes first, and a client to use', async (_command, init, status) => {
  const response = await fetch(`${served.url}/mcp`, init);
  expect(response.status).toBe(status);
  const { error } = z.object({ error: z.object({ message: z.string() }) }).parse(await response.json());
  expect(error.message).toMatch(/begin with initialize.*npx @wong2\/mcp-cli --url/);
  if (status === 405) expect(response.headers.get('allow')).toBe('POST');
});
