/**
 * A server for the bench, in a process of its own: `served.ts NAME MODE`. It reports to its parent where it listens and, when
 * asked, how much memory and time it has used.
 */
import { clientAuthModes } from '../../lib/config/variables.ts';
import { readConfiguration } from '../../lib/serve/launch/configuration.ts';
import { serveHttp } from '../../lib/serve/launch/http.ts';
import { definition as twoLegged } from '../../servers/2lo.ts';
import { definition as threeLegged } from '../../servers/3lo.ts';

/** What the process has used so far: live heap in bytes, CPU time in milliseconds. */
export type Used = { heap: number; cpu: number };

const [name, mode] = process.argv.slice(2);
const clientAuth = clientAuthModes.find((known) => known === mode);

async function serve() {
  const options = {
    exposure: { host: 'localhost' },
    allowed: { hosts: [], origins: [] },
    port: 0,
  };
  const read = { transport: 'http', clientAuth } as const;
  return name === '2lo'
    ? serveHttp(twoLegged, readConfiguration(twoLegged, process.env, read), options)
    : serveHttp(threeLegged, readConfiguration(threeLegged, process.env, read), options);
}

const { publicUrl, callbackUrl } = await serve();
process.on('message', () => {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const used: Used = { heap: process.memoryUsage().heapUsed, cpu: (user + system) / 1000 };
  process.send?.(used);
});
process.on('disconnect', () => process.exit());
process.send?.({ publicUrl, callbackUrl });
