/** The definition of `servers/2lo.ts` under FastMCP's own `start()`: a baseline for the bench. */
import { readSettings } from '../../lib/config/settings.ts';
import { randomKeys } from '../../lib/sealed.ts';
import { memoryStore } from '../../lib/store/memory.ts';
import { definition } from '../../servers/2lo.ts';
import { freePort } from '../free-port.ts';

const withoutBrowsers = {
  browser: {
    callbackUrl: () => Promise.reject(new Error('no browsers')),
    keys: randomKeys(),
    store: memoryStore(),
  },
};

// FastMCP does not accept port 0.
const port = await freePort();
const server = definition.create(readSettings(definition.variables, process.env), withoutBrowsers);
if (!('start' in server)) throw new Error('This server has users.');
await server.start({
  transportType: 'httpStream',
  httpStream: { host: '127.0.0.1', port, endpoint: '/mcp' },
});
console.error(`Address http://127.0.0.1:${port}/mcp`);
