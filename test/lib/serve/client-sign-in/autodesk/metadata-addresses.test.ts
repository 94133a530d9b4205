// The fetch of metadata documents is no way into the network that the server stands in: only addresses of the public
// Internet are connected to, whatever a name says, and whenever it says it.
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createFetchDocument,
  isPublicAddress,
} from '../../../../../lib/serve/client-sign-in/autodesk/metadata-document.ts';
import { closing } from '../../../../support/closing.ts';
import { resolvesTo, startTlsServer, type TlsServer } from '../../../../support/tls-server.ts';

const keep = closing();
const notPublic = 'public Internet';
/** What is said of names: the same whether they stand for something or not. */
const notFetched = /^it could not be fetched$/;
let server: TlsServer;
beforeAll(async () => {
  server = keep(
    await startTlsServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    ),
  );
});

let said: string[];
beforeEach(() => {
  said = [];
  vi.spyOn(console, 'error').mockImplementation((text) => void said.push(String(text)));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Addresses that are not of the public Internet, by whose they are. */
const inside = [
  ['this machine', '127.0.0.1', '127.0.0.2', '::1', '0.0.0.0', '0.0.0.1', '::'],
  ['a private network', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd00::1', 'fc00::1'],
  ['one link', '169.254.169.254', '169.254.0.1', 'fe80::1', 'febf::1'],
  ['the metadata of a cloud', '169.254.169.254', '169.254.170.2', 'fd00:ec2::254', '100.100.100.200'],
  ['a carrier', '100.64.0.1', '100.127.255.255'],
  ['IPv4 in IPv6', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:169.254.169.254'],
  [
    'IPv4 behind a translator',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a00:1',
    '::ffff:0:7f00:1',
  ],
  ['IPv4 in a tunnel', '2002:7f00:1::', '2002:a00:1::1', '2001::1'],
  ['many', '224.0.0.1', '255.255.255.255', 'ff02::1'],
  [
    'nobody',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '198.18.0.1',
    '240.0.0.1',
    '192.0.0.1',
    '2001:db8::1',
  ],
  ['times past', 'fec0::1', '192.88.99.1'],
].flatMap(([whose = '', ...addresses]) => addresses.map((address) => [whose, address] as const));

describe('an address', () => {
  test.each(inside)('of %s (%s) is not one of the public Internet', (_whose, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each([
    '8.8.8.8',
    '93.184.216.34',
    '172.15.0.1',
    '172.32.0.1',
    '100.63.0.1',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
  ])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each(['', 'x', '1', '127.1', '0x7f000001', '1.2.3.4.5', '1.2.3.4 ', 'fe80::1%eth0', '8.8.8.8/32'])(
    '"%s" is not an address at all',
    (address) => {
      expect(isPublicAddress(address)).toBe(false);
    },
  );

  test.each(['::7f00:1', '::a9fe:a9fe', '4000::1'])('%s is not one of the public Internet', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a document is refused', () => {
  // Some of the table: the fetch asks the same function.
  const some = ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:7f00:1'];

  test.each(some)('at the address %s, without asking for a name', async (address) => {
    const names = resolvesTo('8.8.8.8');
    const host = address.includes(':') ? `[${address}]` : address;
    const fetchDocument = createFetchDocument({ lookup: names.lookup });
    await expect(fetchDocument(`https://${host}/client.json`)).rejects.toThrow(notPublic);
    expect(names.asked).toEqual([]);
  });

  test.each(some)('at a public name that stands for %s', async (address) => {
    const { lookup } = resolvesTo(address);
    await expect(createFetchDocument({ lookup, ca: server.ca })(server.at('/x'))).rejects.toThrow(notFetched);
  });

  test('at a name that stands for this machine, and no connection is made', async () => {
    const { lookup } = resolvesTo('127.0.0.1');
    await expect(createFetchDocument({ lookup, ca: server.ca })(server.at('/x'))).rejects.toThrow(notFetched);
    await expect(createFetchDocument()(`https://localhost:${server.port}/x`)).rejects.toThrow(notFetched);
    expect(server.connections).toBe(0);
  });

  test.each([
    ['first', ['127.0.0.1', '::1']],
    ['last', ['::1', '127.0.0.1']],
  ])('at a name with one address that is not allowed, if it comes %s', async (_when, addresses) => {
    const { lookup } = resolvesTo(...addresses);
    const isAllowed = (address: string) => address === '127.0.0.1';
    const before = server.connections;
    await expect(createFetchDocument({ lookup, isAllowed, ca: server.ca })(server.at('/x'))).rejects.toThrow(
      notFetched,
    );
    expect(server.connections).toBe(before);
  });

  test('in the same words whether a name exists or not, and the operator learns the reason', async () => {
    // Nothing listens on ::1 at that port.
    const host = `wiki.corp.example:${server.port}`;
    const [nothing, unknown, inside] = [
      resolvesTo(),
      resolvesTo(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })),
      resolvesTo('10.0.0.1'),
    ];
    const outside = { ...resolvesTo('::1'), isAllowed: () => true };
    const answers = [];
    for (const { lookup, ...guards } of [nothing, unknown, inside, outside])
      answers.push(
        await createFetchDocument({ lookup, ...guards })(`https://${host}/x`).catch(
          ({ name, message, transient }) => ({ name, message, transient }),
        ),
      );
    const answer = { name: 'DocumentRefused', message: 'it could not be fetched', transient: true };
    expect(answers).toEqual([answer, answer, answer, answer]);
    expect(said).toHaveLength(4);
    for (const [index, reason] of ['no address', 'ENOTFOUND', notPublic, 'ECONNREFUSED'].entries())
      expect(said[index]).toMatch(new RegExp(`^[^\\n]*${host}[^\\n]*${reason}[^\\n]*$`));
  });

  test('ten times a minute with its reason in the log, and no more: strangers choose the addresses', async () => {
    let now = 0;
    const { lookup } = resolvesTo('10.0.0.1');
    const fetchDocument = createFetchDocument({ lookup, now: () => now });
    const ask = () => fetchDocument('https://wiki.corp.example/x').catch(() => {});
    for (let count = 0; count < 12; count += 1) await ask();
    expect(said).toHaveLength(10);
    now = 60_000;
    await ask();
    expect(said).toHaveLength(11);
  });
});

describe('a name that is answered differently each time gains nothing:', () => {
  // Nothing listens on ::1 at that port; the server stands for what is not to be reached.
  const isAllowed = (address: string) => address === '::1';

  test('the address that was checked is the one that is connected to', async () => {
    const names = resolvesTo('::1');
    const before = server.connections;
    const fetchDocument = createFetchDocument({ lookup: names.lookup, isAllowed, ca: server.ca });
    names.thenTo('127.0.0.1');
    await expect(fetchDocument(server.at('/x'))).rejects.toThrow('not be fetched');
    expect(names.asked).toHaveLength(1);
    expect(server.connections).toBe(before);
  });

  test('the next fetch is checked again, and does not reuse a connection', async () => {
    const names = resolvesTo('127.0.0.1');
    let allowed = '127.0.0.1';
    const fetchDocument = createFetchDocument({
      lookup: names.lookup,
      isAllowed: (address) => address === allowed,
      ca: server.ca,
    });
    expect(await fetchDocument(server.at('/x'))).toEqual({});
    const before = server.connections;
    allowed = '::1';
    await expect(fetchDocument(server.at('/x'))).rejects.toThrow(notFetched);
    expect(server.connections).toBe(before);
  });
});
