/** Who can reach the server, and whether its port is free. */
import { checkExposure } from '../../lib/serve/http/exposure.ts';
import { listen } from '../../lib/serve/http/listen.ts';
import { exposureOf } from '../../lib/serve/launch/configuration.ts';
import { StartupError } from '../../lib/startup-error.ts';
import { type Check, type Finding, fault, ok, skipped, warning } from './check.ts';

export const exposureCheck: Check = {
  id: 'exposure',
  title: 'Who can call',
  run({ definition, options, server }) {
    if (!server) return [skipped('the settings are not valid')];
    if (options.transport === 'stdio')
      return [skipped('over stdio only the program that starts the server can call it')];
    try {
      const { whoCanCall } = checkExposure(definition, exposureOf(server.configuration, options));
      return [ok(whoCanCall(server.configuration.clientAuth === 'none' ? undefined : 'those who sign in'))];
    } catch (error) {
      if (error instanceof StartupError) return [fault(error.message)];
      throw error;
    }
  },
};

export const portCheck: Check = {
  id: 'port',
  title: 'Port',
  async run({ options, server }) {
    if (!server) return [skipped('the settings are not valid')];
    const { port, users } = server;
    if (options.transport === 'stdio' && !users)
      return [skipped('a server over stdio without users needs none')];
    const host = options.transport === 'stdio' ? 'localhost' : options.host;
    try {
      (await listen(host, port)).close();
      return [ok(port === 0 ? 'any free one' : `${port} is free`)];
    } catch (error) {
      if (!(error instanceof StartupError)) throw error;
      return [await takenBy(port, error)];
    }
  },
};

/** Who has the port, if it answers a browser: another server of this project is probably the one being checked. */
async function takenBy(port: number, { message, cause }: StartupError): Promise<Finding> {
  if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) return fault(message);
  const page = await fetch(`http://localhost:${port}/`, { signal: AbortSignal.timeout(1000) })
    .then((answer) => answer.text())
    .catch(() => '');
  const [, title] = /<title>([^<]{1,80})/.exec(page) ?? [];
  if (page.includes('Model Context Protocol'))
    return warning(
      `${port} is in use by the MCP server "${title}"`,
      'If that is the server you are checking, all is well. Otherwise stop it, or choose another port with --port.',
    );
  const find = process.platform === 'win32' ? `netstat -ano | findstr :${port}` : `lsof -i :${port}`;
  return fault(
    `${port} is taken by ${title ? `a web server, "${title}"` : 'another program'}`,
    `Find it with: ${find}. Stop it, or choose another port with --port or MCP_PORT.`,
  );
}
