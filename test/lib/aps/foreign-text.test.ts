// Text that APS sends, on its way to results and messages: nothing in it steers a terminal, and no credential comes along.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Refusal, startAnsweringAps } from '../../support/answering-aps.ts';
import { apsAt, apsErrorOf, getThing, inOneCall } from '../../support/aps-calls.ts';
import { connect } from '../../support/clients.ts';
import { closing } from '../../support/closing.ts';
import { serveDataManagementTools, serveOssTools } from '../../support/serving.ts';
import { callListing } from '../../support/tool-results.ts';

const keep = closing();
const aps = await startAnsweringAps();
const client = apsAt(aps.url);
const hubs = keep(await connect(keep(await serveDataManagementTools(client)).url, 'legacy'));
const oss = keep(await connect(keep(await serveOssTools(client)).url, 'legacy'));

// C0, DEL and C1. Among them are ESC and CSI, with which text steers a terminal.
const controls = [0x00, 0x07, 0x08, 0x0b, 0x1b, 0x1f, 0x7f, 0x80, 0x9b, 0x9f].map((code) =>
  String.fromCharCode(code),
);
const evil = `a${controls.join('')}[2Jz`;
const clean = `a${'\ufffd'.repeat(controls.length)}[2Jz`;
const isClean = (text: string) => !/(?![\t\n\r])\p{Cc}/u.test(text);

describe('a control character of APS', () => {
  test('does not reach a client in a name', async () => {
    aps.answer(() => ({
      data: [{ id: 'h', attributes: { name: evil, region: 'US' } }],
      meta: { warnings: [{ Title: evil, Detail: evil }] },
    }));
    const { items, texts, warnings } = await callListing(hubs, 'list_hubs');
    expect(items).toEqual([{ id: 'h', name: clean, region: 'US' }]);
    expect(isClean(JSON.stringify(warnings))).toBe(true);
    expect(JSON.stringify(warnings)).not.toMatch(/\\u00/);
    expect(texts.every(isClean)).toBe(true);
    expect(texts.join()).not.toMatch(/\\u00/);
  });

  test('does not reach a client in an error', async () => {
    aps.answer(
      () => new Refusal(403, { errorCode: evil, developerMessage: evil }, { 'x-request-id': 'r\x9b1' }),
    );
    const { isError, texts } = await callListing(hubs, 'list_hubs');
    expect([isError, texts.length]).toEqual([true, 1]);
    expect(texts[0]).toContain(clean);
    expect(isClean(texts[0] ?? '')).toBe(true);
  });

  test('is replaced at any depth of an answer that a tool of your own reads, and line breaks stay', async () => {
    aps.answer(() => ({ deep: [{ text: 'one\r\n\ttwo\u001b[31m' }], number: 1, nothing: null }));
    const thing = await inOneCall(client, (session) => session.get(session.url(['thing']), z.unknown()));
    expect(thing).toEqual({ deep: [{ text: 'one\r\n\ttwo\ufffd[31m' }], number: 1, nothing: null });
  });

  test('is not mistaken for text that only looks like one, and odd names stay as they are', async () => {
    const names = ['\\u001b', 'C:\\u0000', 'Grundriß 首层 🏗', 'e\u0301', '\u200b', 'مخطط', '\ud83d\ude00'];
    aps.answer(() => ({ data: names.map((name) => ({ id: 'h', attributes: { name, region: 'US' } })) }));
    expect((await callListing(hubs, 'list_hubs')).items.map(({ name }) => name)).toEqual(names);
  });

  test('in a key does not change where a listing goes on', async () => {
    const key = 'a\u001bb';
    const object = { objectKey: key, objectId: 'o', size: 1 };
    const next = `/oss/v2/buckets/a-bucket/objects?${new URLSearchParams({ startAt: key })}`;
    aps.answer((url) => ({ items: [object], ...(!url.searchParams.has('startAt') && { next }) }));
    await callListing(oss, 'list_objects', { bucket_key: 'a-bucket' });
    expect(aps.asked.map((url) => url.searchParams.get('startAt'))).toEqual([null, key]);
  });
});

describe('an error of APS', () => {
  const credential = 'aWQ6UzNjcjN0LTA4MTUtdGhhdC1ub2JvZHktbWF5LXNlZQ==';
  test.each([
    [`Bad header: Basic ${credential}`, 'Bad header: Basic …'],
    [`"basic  ${credential}" was sent`, '"basic …" was sent'],
    ['Token "Bearer eyJhbGciOi.J9.x_-y" is unknown', 'Token "Bearer …" is unknown'],
    ['authorization=Bearer:eyJhbGciOi.J9.x_-y', 'authorization=Bearer …'],
  ])('that echoes a credential (%s) does not pass it on', async (developerMessage, words) => {
    aps.answer(() => new Refusal(400, { developerMessage }));
    const { message } = await apsErrorOf(getThing(client));
    expect(message).toContain(words);
    expect(message).not.toMatch(/aWQ6|eyJ/);
  });

  test.each(['Basic authentication is required', 'Bearer token expired', 'Use Basic Authentication.'])(
    'that only talks of one (%s) stays as it is',
    async (developerMessage) => {
      aps.answer(() => new Refusal(400, { developerMessage }));
      expect((await apsErrorOf(getThing(client))).message).toContain(developerMessage.replace(/\.$/, ''));
    },
  );
});
