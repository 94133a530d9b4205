/** The definition of `servers/2lo.ts` under FastMCP's own `start()`: a baseline for the bench. */
import { createServer } from 'node:http';
import { readSettings } from '../../lib/config/settings.ts';
import { randomKeys } from '../../lib/sealed.ts';
import { memoryStore } from '../../lib/store/memory.ts';
import { definition } from '../../servers/2lo.ts';

const withoutBrowsers = {
  browser: {
    callbackUrl: () => Promise.reject(new Error('no browsers')),
    keys: randomKeys(),
    store: memoryStore(),
  },
};

// FastMCP does not accept port 0, so find a free one first.
const probe = createServer();
probe.listen(0, '127.0.0.1', () => {
  const address = probe.address();
  probe.close(async () => {
    if (!address || typeof address === 'string') throw new Error('no free port');
    const { port } = address;
    const settings = readSettings(definition.variables, process.env);
    const server = definition.create(settings, withoutBrowsers);
    if (!('start' in server)) throw new Error('This server has users.');
    await server.start({
      transportType: 'httpStream',
      httpStream: { host: '127.0.0.1', port, endpoint: '/mcp' },
    });
    console.error(`Address http://127.0.0.1:${port}/mcp`);
  });
});
