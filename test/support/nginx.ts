/** nginx in front of several instances of a server, taking turns: what an operator has, in a folder and on a port of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = process.env.NGINX_PATH ?? '/usr/sbin/nginx';

/** Why tests behind nginx cannot run here; undefined if they can. In CI they must: there, they run and fail. */
export const noNginx =
  existsSync(program) || process.env.CI === 'true'
    ? undefined
    : `there is no nginx at ${program}; install it, or set NGINX_PATH`;

/**
 * Starts nginx on `port`. Each request goes to the next of the instances; one that accepts no connection is passed over.
 *
 * @param instances - the ports that they listen on, on 127.0.0.1
 */
export async function startNginx(
  port: number,
  instances: readonly number[],
): Promise<{ close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'aps-mcp-nginx-'));
  await writeFile(join(folder, 'nginx.conf'), configuration(port, instances));
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'close');
  const close = async () => {
    child.kill('SIGQUIT');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (child.exitCode !== null) break;
    const answered = await fetch(`http://127.0.0.1:${port}/nginx`).catch(() => undefined);
    if (answered?.status === 204) return { close };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await close();
  throw new Error(`nginx did not start: ${said}`);
}

const configuration = (port: number, instances: readonly number[]) => `
daemon off;
pid nginx.pid;
worker_processes 1;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream instances {
    ${instances.map((instance) => `server 127.0.0.1:${instance} max_fails=0;`).join('\n    ')}
  }
  server {
    listen 127.0.0.1:${port};
    location = /nginx { return 204; }
    location / {
      proxy_pass http://instances;
      proxy_http_version 1.1;
      proxy_set_header Connection '';
      proxy_set_header Host $http_host;
      proxy_buffering off;
      proxy_read_timeout 120s;
    }
  }
}
`;
