/** An HTTP server of a test's own, for answers that the sandbox does not give. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';

export type LocalServer = {
  /** Without a trailing slash. */
  url: string;
  /** What arrived, oldest first. `target` is the path with its query, exactly as it was sent. */
  requests: { method: string; target: string; headers: IncomingHttpHeaders }[];
  close(): void;
};

/** Starts a server on 127.0.0.1 that answers as `answer` does. */
export async function startLocalServer(answer: RequestListener): Promise<LocalServer> {
  const requests: LocalServer['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', target: request.url ?? '', headers: request.headers });
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Answers every request with the same JSON. */
export function always(json: unknown, status = 200, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(json));
  };
}
