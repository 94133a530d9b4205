// The fetch of metadata documents, at a server of its own: what it reads, and what it does not put up with.
import { EventEmitter, once } from 'node:events';
import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createFetchDocument,
  type DocumentGuards,
} from '../../../../../lib/serve/client-sign-in/autodesk/metadata-document.ts';
import { closing } from '../../../../support/closing.ts';
import { resolvesTo, startTlsServer, type TlsServer } from '../../../../support/tls-server.ts';

const keep = closing();
const json = { 'content-type': 'application/json' };
const greeting: RequestListener = (_request, response) =>
  response.writeHead(200, json).end('{"hello":"world"}');
let answer: RequestListener = greeting;
let server: TlsServer;
beforeAll(async () => {
  server = keep(await startTlsServer((request, response) => answer(request, response)));
});
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
afterEach(() => {
  vi.restoreAllMocks();
  answer = greeting;
  server.requests.length = 0;
});

/** The fetch, for a test that has its "Internet" on this machine. */
const fetchDocument = (guards: DocumentGuards = {}, largest?: number) =>
  createFetchDocument({
    ca: server.ca,
    lookup: resolvesTo('127.0.0.1').lookup,
    isAllowed: (address) => address === '127.0.0.1',
    ...guards,
  })(server.at('/client.json?v=1'), largest);

test('a document is read over TLS from the address that its name stands for', async () => {
  expect(await fetchDocument()).toEqual({ hello: 'world' });
  expect(server.requests).toEqual(['/client.json?v=1']);
});

test.each([
  'application/json',
  'Application/JSON; charset=utf-8',
  'application/jwk-set+json',
  'application/vnd.x.y+json;v=1',
])('a document is read that is served as %s', async (type) => {
  answer = (_request, response) => response.writeHead(200, { 'content-type': type }).end('{"hello":"world"}');
  expect(await fetchDocument()).toEqual({ hello: 'world' });
});

test('a document is asked for as JSON, without anything that could identify the server', async () => {
  const seen: unknown[] = [];
  answer = ({ method, headers }, response) => {
    seen.push([method, headers.accept, headers.cookie, headers.authorization, headers.referer]);
    response.writeHead(200, json).end('{}');
  };
  await fetchDocument();
  expect(seen).toEqual([['GET', 'application/json', undefined, undefined, undefined]]);
});

describe('a document is refused', () => {
  test.each([201, 203, 204, 206, 304, 400, 401, 404, 500, 503])('with status %i', async (status) => {
    answer = (_request, response) => response.writeHead(status, json).end();
    await expect(fetchDocument()).rejects.toThrow(String(status));
  });

  test.each([301, 302, 303, 307, 308])('that is elsewhere (%i), and nobody goes there', async (status) => {
    answer = ({ url }, response) => {
      if (url?.startsWith('/client.json')) response.writeHead(status, { location: '/elsewhere' }).end();
      else greeting({} as Parameters<RequestListener>[0], response);
    };
    await expect(fetchDocument()).rejects.toThrow('not be fetched');
    expect(server.requests).toEqual(['/client.json?v=1']);
  });

  test.each(['', '{', '<html></html>', 'undefined', '{"a":1}x'])(
    'that is not JSON but "%s"',
    async (text) => {
      answer = (_request, response) => response.writeHead(200, json).end(text);
      await expect(fetchDocument()).rejects.toThrow('JSON');
    },
  );

  test.each([
    'image/png',
    'text/html',
    'text/plain',
    'text/json',
    'application/octet-stream',
    'application/jsonp',
    'application/xml+jsonx',
    'image/png; application/json',
    '',
  ])('that is JSON, and served as "%s"', async (type) => {
    answer = (_request, response) =>
      response.writeHead(200, type ? { 'content-type': type } : {}).end('{"hello":"world"}');
    await expect(fetchDocument()).rejects.toThrow('not served as JSON');
  });

  test('that is nested deeper than any document needs to be', async () => {
    answer = (_request, response) => response.writeHead(200, json).end('['.repeat(2000) + ']'.repeat(2000));
    await expect(fetchDocument()).rejects.toThrow('not JSON');
  });

  test('at an address of more than 1,000 characters, without looking for it', async () => {
    const names = resolvesTo('127.0.0.1');
    const guarded = createFetchDocument({ lookup: names.lookup });
    await expect(guarded(`https://client.example/${'x'.repeat(1000)}`)).rejects.toThrow('1000 characters');
    expect(names.asked).toEqual([]);
  });

  const text = (size: number) => JSON.stringify('x'.repeat(size - 2));

  test('that is larger than 5 KiB, and not one that is as large', async () => {
    answer = (_request, response) => response.writeHead(200, json).end(text(5 * 1024));
    expect(await fetchDocument()).toHaveLength(5 * 1024 - 2);
    answer = (_request, response) => response.writeHead(200, json).end(text(5 * 1024 + 1));
    await expect(fetchDocument()).rejects.toThrow('5120 bytes');
  });

  test('that is larger than its reader allows', async () => {
    answer = (_request, response) => response.writeHead(200, json).end(text(64 * 1024));
    expect(await fetchDocument({}, 64 * 1024)).toHaveLength(64 * 1024 - 2);
    await expect(fetchDocument({}, 64 * 1024 - 1)).rejects.toThrow('65535 bytes');
  });

  test('that is larger than 5 KiB only when it is unpacked', async () => {
    const packed = gzipSync(text(1024 * 1024));
    expect(packed.length).toBeLessThan(5 * 1024);
    answer = (_request, response) =>
      response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(packed);
    await expect(fetchDocument()).rejects.toThrow('5120 bytes');
  });

  test('that never ends, and the connection is closed', async () => {
    const closed = new EventEmitter();
    answer = (_request, response) => {
      response.writeHead(200, json);
      const more = () => response.write('x'.repeat(1024));
      response.on('drain', more).on('close', () => closed.emit('close'));
      while (more());
    };
    const ended = once(closed, 'close');
    await expect(fetchDocument()).rejects.toThrow('5120 bytes');
    await ended;
  });

  test.each(['before it begins', 'half way'])('that is cut off %s', async (when) => {
    answer = (_request, response) => {
      if (when === 'half way') response.writeHead(200, { ...json, 'content-length': 100 }).write('{');
      response.destroy();
    };
    await expect(fetchDocument()).rejects.toThrow('not be fetched');
  });

  test.each(['before it begins', 'half way'])('that takes longer than five seconds, %s', async (when) => {
    const patience = new AbortController();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(patience.signal);
    onTestFinished(() => timeout.mockRestore());
    const asked = new EventEmitter();
    const closed = new EventEmitter();
    answer = (_request, response) => {
      if (when === 'half way') response.writeHead(200, json).write('{');
      response.on('close', () => closed.emit('close'));
      asked.emit('asked');
    };
    const arrived = once(asked, 'asked');
    const ended = once(closed, 'close');
    const refused = expect(fetchDocument()).rejects.toThrow('not be fetched');
    await arrived;
    expect(timeout).toHaveBeenCalledWith(5000);
    patience.abort();
    await refused;
    await ended;
  });

  test('of a server whose certificate nobody vouches for', async () => {
    await expect(fetchDocument({ ca: undefined })).rejects.toThrow('not be fetched');
    expect(server.requests).toEqual([]);
  });

  test('of a server whose certificate is for another name', async () => {
    const { lookup } = resolvesTo('127.0.0.1');
    const fetchOther = createFetchDocument({ ca: server.ca, lookup, isAllowed: () => true });
    await expect(fetchOther(`https://other.example:${server.port}/x`)).rejects.toThrow('not be fetched');
    expect(server.requests).toEqual([]);
  });

  test.each([
    ['http://client.example/x', 'https'],
    ['ftp://client.example/x', 'https'],
    ['client://client.example/x', 'https'],
    ['https://', 'malformed'],
    ['x', 'malformed'],
    ['https://client.example', 'path'],
    ['https://client.example/', 'path'],
    ['https://client.example/?x', 'path'],
    ['https://user@client.example/x', 'password'],
    ['https://user:password@client.example/x', 'password'],
    ['https://:password@client.example/x', 'password'],
    ['https://client.example/x#y', 'fragment'],
    ['https://client.example/x#', 'fragment'],
    ['https://CLIENT.example/x', 'normal form'],
    ['HTTPS://client.example/x', 'normal form'],
    ['https://client.example:443/x', 'normal form'],
    ['https://client.example/a/../x', 'normal form'],
    ['https://client.example/a/%2e%2e/x', 'normal form'],
    ['https://client.example\\x', 'normal form'],
    ['https://client.example/x y', 'normal form'],
    ['https:client.example/x', 'normal form'],
    ['https://client.example/x\n', 'normal form'],
    ['https://@client.example/x', 'normal form'],
    ['https://2130706433/x', 'normal form'],
    ['https://0x7f.1/x', 'normal form'],
    ['https://127.1/x', 'normal form'],
    ['https://[::ffff:127.0.0.1]/x', 'normal form'],
  ])('at "%s", without looking for it', async (address, words) => {
    const names = resolvesTo('127.0.0.1');
    const guarded = createFetchDocument({ lookup: names.lookup, isAllowed: () => true, ca: server.ca });
    await expect(guarded(address)).rejects.toThrow(words);
    expect(names.asked).toEqual([]);
  });
});

describe('at one moment', () => {
  /** Documents whose hosts do not answer until they are let go. */
  function silent(hostOf: (index: number) => string) {
    const names = resolvesTo('127.0.0.1');
    const waiting: (() => void)[] = [];
    let isOpen = false;
    const lookup = (...parameters: Parameters<NonNullable<typeof names.lookup>>) => {
      if (isOpen) names.lookup?.(...parameters);
      else waiting.push(() => names.lookup?.(...parameters));
    };
    const fetchSlowly = createFetchDocument({
      lookup: lookup as DocumentGuards['lookup'],
      isAllowed: () => false,
    });
    const ask = (count: number, from = 0) =>
      Array.from({ length: count }, (_, index) =>
        fetchSlowly(`https://${hostOf(from + index)}/x`).catch((error: unknown) => error),
      );
    const letGo = () => {
      isOpen = true;
      for (const go of waiting.splice(0)) go();
    };
    return { ask, letGo, names };
  }
  const busy = expect.objectContaining({ message: expect.stringContaining('too many'), transient: true });

  test('a host is asked for four documents, and more are refused without delay', async () => {
    const { ask, letGo, names } = silent(() => 'one.example');
    const first = ask(4);
    expect(await Promise.all(ask(2))).toEqual([busy, busy]);
    letGo();
    await Promise.all(first);
    expect(await Promise.all(ask(1))).not.toEqual([busy]);
    expect(names.asked).toHaveLength(5);
  });

  test('all hosts together are asked for 32', async () => {
    const { ask, letGo, names } = silent((index) => `host-${index}.example`);
    const first = ask(32);
    expect(await Promise.all(ask(1, 32))).toEqual([busy]);
    letGo();
    await Promise.all(first);
    expect(names.asked).toHaveLength(32);
  });
});
