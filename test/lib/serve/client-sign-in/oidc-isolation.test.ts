// Ten people at one server, hundreds of calls in any order: nobody ever sees what is another's.
import type { Client } from '@modelcontextprotocol/client';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { UserSignIn } from '../../../../lib/aps-sign-in/user-sign-in.ts';
import type { Caller } from '../../../../lib/caller.ts';
import { randomKeys } from '../../../../lib/sealed.ts';
import { oidc } from '../../../../lib/serve/client-sign-in/oidc.ts';
import { createHttpApp } from '../../../../lib/serve/http/app.ts';
import { listen } from '../../../../lib/serve/http/listen.ts';
import { createMcpService } from '../../../../lib/serve/mcp/service.ts';
import { createBrowserBinding } from '../../../../lib/serve/pages/browser-binding.ts';
import { memoryStore } from '../../../../lib/store/memory.ts';
import { eras } from '../../../support/clients.ts';
import { closing } from '../../../support/closing.ts';
import { headings, htmlHeaded } from '../../../support/headings.ts';
import { inFull } from '../../../support/in-full.ts';
import { connectSigningIn, TestOAuthProvider } from '../../../support/oauth-client.ts';
import { signInThrough } from '../../../support/oidc.ts';
import {
  atProvider,
  type OpenIdProvider,
  scope,
  startOpenIdProvider,
} from '../../../support/openid-provider.ts';
import { people as autodeskAccounts } from '../../../support/people.ts';
import { type Sandbox, startSandbox } from '../../../support/sandbox.ts';
import { answerOn } from '../../../support/serving.ts';
import { askedAddress } from '../../../support/sign-in.ts';
import { threeLegged } from '../../../support/three-legged.ts';
import { hubsOf, said } from '../../../support/tool-results.ts';

const keep = closing();
const names = ['ann', 'ben', 'cai', 'dee', 'eli', 'fay', 'gus', 'hal', 'ida', 'jon'];
const calls = inFull(1000);
/** How many calls run at the same moment. */
const lanes = 25;
/** Fewer than there are people, so that connections come and go. */
const mostConnections = 4;

/** One of a person's clients, and what they must see. */
type Seat = {
  client: Client;
  caller: string;
  hubs: readonly string[];
  clientToken: string;
  apsToken: string;
};

const keys = randomKeys();
let sandbox: Sandbox;
let provider: OpenIdProvider;
let url: string;
let connected = 0;
/** How many calls of the tool run, and how many that were at most. */
const running = { now: 0, most: 0 };
beforeAll(async () => {
  // More calls in a minute than APS allows an application.
  sandbox = keep(await startSandbox({ rateLimits: false }));
  provider = keep(await startOpenIdProvider());
  url = await serve();
});

/** The tools of 3LO, and one that tells for whom it works: who calls, and with which token of APS. */
function definition(origin: string) {
  const built = threeLegged(sandbox, {
    browser: {
      callbackUrl: async () => `${origin}/callback`,
      confirmationUrl: `${origin}/signin`,
      ...{ keys, store: memoryStore() },
    },
  });
  built.server.addTool({
    name: 'who_am_i',
    description: 'Says for whom it works.',
    execute: async (_args, { session }) => {
      running.now += 1;
      running.most = Math.max(running.most, running.now);
      const answer = await whoIs(built.users, session);
      running.now -= 1;
      return JSON.stringify(answer);
    },
  });
  built.server.on('connect', () => {
    connected += 1;
  });
  return built;
}

async function whoIs(signIn: UserSignIn, session: Caller | undefined) {
  if (!session) throw new Error('Nobody calls');
  // Others get their turn before and after the token is looked up.
  await new Promise(setImmediate);
  const apsToken = await signIn.get(session);
  await new Promise(setImmediate);
  return { caller: session.id, apsToken };
}

/** Serves it as the launcher does, but for how many connections are kept. */
async function serve(): Promise<string> {
  const listener = await listen('localhost', 0);
  const service = createMcpService(definition(listener.url), keys, { max: mostConnections });
  const resource = `${listener.url}/mcp`;
  const clientSignIn = oidc({ issuer: provider.issuer, scopes: [scope], resource, name: 'Isolation' });
  const browserBinding = createBrowserBinding(keys, 'forms', 'http://localhost');
  const app = createHttpApp(service, { allowed: { hosts: [], origins: [] }, clientSignIn, browserBinding });
  keep(answerOn(listener, app, service));
  sandbox.registerRedirectUri(`${listener.url}/callback`);
  return listener.url;
}

const identity = z.object({ caller: z.string(), apsToken: z.string() });
const whoAmI = async (client: Client) => identity.parse(JSON.parse((await said(client, 'who_am_i')).text));

/** A client of each era for a person, who signs in to it, and to Autodesk once. */
async function seatsOf(name: string, account: (typeof autodeskAccounts)[number]): Promise<Seat[]> {
  const clients = [];
  for (const [, mode] of eras) {
    const memory = new TestOAuthProvider();
    const client = keep(await connectSigningIn(url, mode, atProvider(name), { provider: memory }));
    clients.push({ client, clientToken: memory.saved.tokens?.access_token ?? '' });
  }
  const [first] = clients;
  if (!first) throw new Error('There are two eras');
  expect((await signInThrough(await askedAddress(first.client), account)).html).toEqual(
    htmlHeaded(headings.signedIn),
  );
  const { apsToken } = await whoAmI(first.client);
  const must = { caller: `${provider.issuer}#${name}`, hubs: account.hubs, apsToken };
  return clients.map((each) => ({ ...each, ...must }));
}

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function randomly(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('hundreds of calls of ten people, each with two clients: every answer is of the one who asked', {
  timeout: 120_000,
}, async () => {
  const seats: Seat[] = [];
  for (const [index, name] of names.entries()) {
    const account = autodeskAccounts[index % autodeskAccounts.length];
    if (account) seats.push(...(await seatsOf(name, account)));
  }
  expect(new Set(seats.map(({ apsToken }) => apsToken)).size).toBe(names.length);
  expect(new Set(seats.map(({ clientToken }) => clientToken)).size).toBe(2 * names.length);

  const random = randomly(20260728);
  const plan = Array.from({ length: calls }, () => ({
    seat: seats[Math.floor(random() * seats.length)] as Seat,
    tool: random() < 0.5 ? 'who_am_i' : 'list_hubs',
  }));
  /** Whose secrets an answer holds: tokens, and the names that the server has for people. */
  const ownersIn = (answer: string) =>
    new Set(
      seats
        .filter((it) => [it.apsToken, it.clientToken, `${it.caller}"`].some((mark) => answer.includes(mark)))
        .map(({ caller }) => caller),
    );

  const answered = new Map<Seat, number>();
  const next = plan.values();
  const lane = async () => {
    for (const { seat, tool } of next) {
      if (tool === 'list_hubs') expect(await hubsOf(seat.client)).toEqual(seat.hubs);
      else {
        const { text } = await said(seat.client, tool);
        expect(identity.parse(JSON.parse(text))).toEqual({ caller: seat.caller, apsToken: seat.apsToken });
        expect(ownersIn(text)).toEqual(new Set([seat.caller]));
      }
      answered.set(seat, (answered.get(seat) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));

  expect([...answered.values()].reduce((sum, count) => sum + count)).toBe(calls);
  expect(answered.size).toBe(seats.length);
  // It was a test only if they got in each other's way.
  expect(running.most).toBeGreaterThan(1);
  expect(connected).toBeGreaterThan(calls / 10);
});
