/** `npm run 2lo`, `ssa`, `3lo`, `pkce`: starts that server, over HTTP by default. */
import { start } from '../lib/serve/launch/start.ts';

const servers = {
  '2lo': () => import('../servers/2lo.ts'),
  ssa: () => import('../servers/ssa.ts'),
  '3lo': () => import('../servers/3lo.ts'),
  pkce: () => import('../servers/pkce.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = Object.hasOwn(servers, name) ? servers[name as keyof typeof servers] : undefined;
if (load) {
  const { definition } = await load();
  await start(definition, { args, transport: 'http', command: `npm run ${name} --` });
} else {
  console.error(
    `There is no server "${name}". Choose one of: ${Object.keys(servers).join(', ')}. For example: npm run 2lo`,
  );
  process.exit(1);
}
