/** The token that a start asks for: the first call uses it, and trouble that may pass is not mentioned. */
import { afterEach, expect, test, vi } from 'vitest';
import { localUser } from '../../../../lib/caller.ts';
import { prefetchToken } from '../../../../lib/serve/launch/prefetch-token.ts';
import { createMcpService } from '../../../../lib/serve/mcp/service.ts';
import { definition } from '../../../../servers/2lo.ts';
import { closing } from '../../../support/closing.ts';
import { startSandbox } from '../../../support/sandbox.ts';
import { builtFrom } from '../../../support/serving.ts';

const keep = closing();
const sandbox = keep(await startSandbox());
const tokenRequests = () => sandbox.requests.filter(({ path }) => path === '/authentication/v2/token');

afterEach(() => {
  vi.restoreAllMocks();
  sandbox.trouble.reset();
});

test('is the one that the first call uses', async () => {
  const { tokens } = keep(createMcpService(builtFrom(definition, sandbox.env)));
  const before = tokenRequests().length;
  await prefetchToken(tokens);
  expect(await tokens?.get(localUser)).toBeTypeOf('string');
  expect(tokenRequests()).toHaveLength(before + 1);
});

test.each([429, 503] as const)('is not mentioned when APS is in trouble for a while: %j', async (status) => {
  const said = vi.spyOn(console, 'error').mockReturnValue();
  sandbox.trouble.set({ failAll: { status, retryAfter: '3600' } });
  const { tokens } = keep(createMcpService(builtFrom(definition, sandbox.env)));
  await prefetchToken(tokens);
  expect(said).not.toHaveBeenCalled();
});

test('there is none where tokens belong to users', async () => {
  const said = vi.spyOn(console, 'error').mockReturnValue();
  const before = tokenRequests().length;
  await prefetchToken(undefined);
  expect(said).not.toHaveBeenCalled();
  expect(tokenRequests()).toHaveLength(before);
});
