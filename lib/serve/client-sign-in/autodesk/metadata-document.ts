/**
 * Fetching a client's metadata document (OAuth Client ID Metadata Document). Its address comes from a stranger, who must not
 * reach into the server's network this way (section 6.5 there; CWE-918).
 */
import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, fetch } from 'undici';
import { parseJson } from '../../../json.ts';
import { createFetchLimits } from './fetch-limits.ts';
import { createFetchLog } from './fetch-log.ts';

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
  /** Whether nobody tried, as there was too much else to do. */
  readonly untried: boolean;

  constructor(message: string, { transient = false, untried = false } = {}) {
    super(message);
    this.transient = transient;
    this.untried = untried;
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
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
};

/** The longest address, in characters: a person must be able to read it. */
const longestAddress = 1000;

/** `application/json`, and what has the suffix `+json` (RFC 6839), such as a JSON Web Key Set. */
const jsonType = /^application\/([\w.!#$&^-]+\+)?json$/i;

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
 * that a name which resolves differently a second time gains nothing. Redirects are not followed; size, time and the number
 * of fetches at one moment are limited.
 *
 * The refusal is the same for a name that does not exist, one that leads into a private network, and one where nobody
 * answers: otherwise strangers could find out which names exist in the server's network. The operator finds the reason on
 * stderr.
 */
export function createFetchDocument(guards: DocumentGuards = {}): FetchDocument {
  const { lookup = resolve, isAllowed = isPublicAddress, ca, now = () => Date.now() } = guards;
  const limits = createFetchLimits();
  const log = createFetchLog(now);

  const guardedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const [first] = found ?? [];
      if (error || !first) return callback(error ?? new Error('no address'), []);
      if (!found.every(({ address }) => isAllowed(address))) return callback(new Error(privateAddress), []);
      if (options.all) return callback(null, found);
      callback(null, first.address, first.family);
    });
  };

  return async (address, largest = largestDocument) => {
    const { hostname, host } = checked(address);
    // An IP address is not resolved, so the check above would not run. Its refusal reveals nothing.
    const literal = hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !isAllowed(literal)) throw new DocumentRefused(privateAddress);
    const end = limits.begin(hostname);
    if (!end)
      throw new DocumentRefused('too many documents are being fetched right now', {
        ...{ transient: true, untried: true },
      });
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
      const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
      if (!jsonType.test(type.trim())) throw new DocumentRefused('it is not served as JSON (Content-Type)');
      return parsed(await boundedText(response.body, largest));
    } catch (error) {
      if (error instanceof DocumentRefused) throw error;
      log(host, error);
      throw new DocumentRefused('it could not be fetched', { transient: true });
    } finally {
      end();
      await dispatcher.destroy();
    }
  };
}

const privateAddress = 'its address is not on the public Internet';

/** A client identifier that is the address of a document: section 3 of the draft. */
function checked(address: string): URL {
  if (address.length > longestAddress)
    throw new DocumentRefused(`its address has more than ${longestAddress} characters`);
  if (!URL.canParse(address)) throw new DocumentRefused('its address is malformed');
  const url = new URL(address);
  if (url.protocol !== 'https:') throw new DocumentRefused('its address is not https');
  if (url.username || url.password)
    throw new DocumentRefused('its address has a user name or password in it');
  if (address.includes('#')) throw new DocumentRefused('its address has a fragment');
  if (url.pathname === '/') throw new DocumentRefused('its address has no path');
  if (url.href !== address) throw new DocumentRefused('its address is not in normal form');
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
    return parseJson(text);
  } catch {
    throw new DocumentRefused('it is not JSON');
  }
}
