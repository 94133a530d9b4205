/** An HTTPS server of a test's own, with a certificate that nobody knows but whoever is given it. */
import type { LookupAddress, LookupAllOptions } from 'node:dns';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { isIP } from 'node:net';
import { generate } from 'selfsigned';
import type { DocumentGuards } from '../../lib/serve/client-sign-in/autodesk/metadata-document.ts';

/** The name on its certificate. */
export const publicName = 'client.example';

export type TlsServer = {
  port: number;
  /** The certificate, for whoever is to trust it. */
  ca: string;
  /** The paths that were asked for, oldest first. */
  requests: string[];
  /** How many connections were made to it, with and without a request. */
  readonly connections: number;
  /** An address of it, under the name on its certificate. */
  at(path: string): string;
  close(): void;
};

/** Starts one on 127.0.0.1 that answers as `answer` does. */
export async function startTlsServer(answer: RequestListener): Promise<TlsServer> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: publicName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: publicName }] }],
  });
  const requests: string[] = [];
  let connections = 0;
  const server = createServer({ key, cert }, (request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  // Whoever does not trust the certificate hangs up.
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  const { port } = address;
  return {
    ...{ port, ca: cert, requests },
    get connections() {
      return connections;
    },
    at: (path) => `https://${publicName}:${port}${path}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A resolver of names: every name stands for the same addresses, or cannot be found. */
export function resolvesTo(...first: (string | Error)[]) {
  let answers = first;
  let later: string[] | undefined;
  /** The names that were asked for, oldest first. */
  const asked: string[] = [];
  function lookup(
    name: string,
    _options: LookupAllOptions,
    callback: (error: Error | null, addresses: LookupAddress[]) => void,
  ): void {
    asked.push(name);
    const [failure] = answers.filter((answer) => answer instanceof Error);
    const addresses = answers.map((address) => ({ address: String(address), family: isIP(String(address)) }));
    answers = later ?? answers;
    process.nextTick(callback, failure ?? null, failure ? [] : addresses);
  }
  return {
    // Of all the ways in which Node's own can be called, only this one is used.
    lookup: lookup as DocumentGuards['lookup'],
    asked,
    /** Answers otherwise from the second time on. */
    thenTo(...addresses: string[]) {
      later = addresses;
    },
  };
}
