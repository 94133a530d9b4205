/**
 * Fetching a client's metadata document (OAuth Client ID Metadata Document). Its address comes from a stranger, who must not
 * reach into the server's network this way (section 6.5 there; CWE-918).
 */
import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, fetch } from 'undici';

/**
 * Reads the JSON document at an address.
 *
 * @param largest - the most bytes that it can have; by default as many as the draft proposes for metadata documents
 * @throws {DocumentRefused} with a reason that may be shown to people
 */
export type FetchDocument = (address: string, largest?: number) => Promise<unknown>;

/** A metadata document that was not accepted. The message is for people, and reveals nothing about the network. */
export class DocumentRefused extends Error {
  override readonly name = 'DocumentRefused';
  /** Whether it could work the next time. */
  readonly transient: boolean;

  constructor(message: string, { transient = false } = {}) {
    super(message);
    this.transient = transient;
  }
}

/** The most that an answer can take, in milliseconds. */
const timeout = 5000;

/** The largest metadata document, in bytes: the size that the draft proposes. */
const largestDocument = 5 * 1024;

export type DocumentGuards = {
  /** Finds the addresses of a host name; the resolver of this machine by default. */
  lookup?: typeof resolve;
  /** Whether an address is allowed; by default, those of the public Internet are. */
  isAllowed?: (address: string) => boolean;
  /** Certificate authorities to trust instead of those of Node.js, as PEM. */
  ca?: string;
};

/** The part of IPv6 that IANA has assigned for routing. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** Whether an IP address is one of the public Internet: not private, not loopback, not link-local, not translated to one. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv6 && !parsed.match(globalUnicast)) return false;
  return parsed.range() === 'unicast';
}

/**
 * Makes the fetch. The address must be HTTPS and on the public Internet. That is checked where the connection is made, so
 * that a name which resolves differently a second time gains nothing. Redirects are not followed; size and time are limited.
 */
export function createFetchDocument(guards: DocumentGuards = {}): FetchDocument {
  const { lookup = resolve, isAllowed = isPublicAddress, ca } = guards;

  const guardedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const [first] = found ?? [];
      if (error || !first) return callback(error ?? new Error('no address'), []);
      if (!found.every(({ address }) => isAllowed(address)))
        return callback(new DocumentRefused(privateAddress), []);
      if (options.all) return callback(null, found);
      callback(null, first.address, first.family);
    });
  };

  return async (address, largest = largestDocument) => {
    const { hostname } = checked(address);
    // An IP address is not resolved, so the check above would not run.
    const literal = hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !isAllowed(literal)) throw new DocumentRefused(privateAddress);
    const dispatcher = new Agent({ connect: { lookup: guardedLookup, ca, timeout } });
    try {
      const response = await fetch(address, {
        dispatcher,
        redirect: 'error',
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(timeout),
      });
      if (response.status !== 200)
        throw new DocumentRefused(`its address answered with status ${response.status}`, {
          transient: response.status >= 500,
        });
      return parsed(await boundedText(response.body, largest));
    } catch (error) {
      throw refusalIn(error) ?? new DocumentRefused('it could not be fetched', { transient: true });
    } finally {
      await dispatcher.destroy();
    }
  };
}

const privateAddress = 'its address is not on the public Internet';

/** A client identifier that is the address of a document: section 3 of the draft. */
function checked(address: string): URL {
  if (!URL.canParse(address)) throw new DocumentRefused('its address is malformed');
  const url = new URL(address);
  if (url.protocol !== 'https:') throw new DocumentRefused('its address is not https');
  if (url.username || url.password)
    throw new DocumentRefused('its address has a user name or password in it');
  if (address.includes('#')) throw new DocumentRefused('its address has a fragment');
  if (url.pathname === '/') throw new DocumentRefused('its address has no path');
  if (url.href !== address) throw new DocumentRefused('its address is not in its normal form');
  return url;
}

async function boundedText(body: AsyncIterable<Uint8Array> | null, largest: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    // After decompression, which can turn a small answer into a large one.
    if (size > largest) throw new DocumentRefused(`it is larger than ${largest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DocumentRefused('it is not JSON');
  }
}

/** Our own refusal, which `fetch` may have wrapped. */
function refusalIn(error: unknown): DocumentRefused | undefined {
  if (error instanceof DocumentRefused) return error;
  return error instanceof Error && error.cause !== undefined ? refusalIn(error.cause) : undefined;
}
