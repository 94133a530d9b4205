// Names of MCP clients: in any script, and such that people can read them. A name that nobody can read names nobody.
import { describe, expect, test } from 'vitest';
import { clientCallback } from '../../../../support/oauth-client.ts';
import { authorizeAddress, register } from '../../../../support/oauth-requests.ts';
import { send } from '../../../../support/raw-http.ts';
import { serveAutodesk, startAutodesk } from '../../../../support/serving-autodesk.ts';

const { keep, sandbox } = await startAutodesk();
const documentAddress = 'https://client.example/client.json';
let published: unknown;
const served = keep(
  await serveAutodesk(sandbox, {
    fetchDocument: async (address) => ({
      ...{ client_id: address, client_name: published },
      redirect_uris: [clientCallback],
    }),
  }),
);
let documents = 0;

/** What a client is called that publishes a document with this name; undefined if it is refused. */
async function publishedAs(name: string): Promise<string | undefined> {
  published = name;
  documents += 1;
  const { status, body } = await send(authorizeAddress(served, `${documentAddress}?${documents}`));
  return status === 200 ? /id="client">([^<]*)</.exec(body)?.[1] : undefined;
}

describe('a name can be', () => {
  test.each([
    ['Latin', 'Example Editor 2'],
    ['Latin, composed', 'Tiếng Việt'],
    ['Latin, decomposed', 'Tiếng Việt'.normalize('NFD'), 'Tiếng Việt'],
    ['with marks for which there is no composed letter', 'ŋ́kɔ̀ɔ́ ɛ̃̀'],
    ['Thai', 'ผู้ช่วยเขียนโค้ดที่ดีน้ำ'],
    ['Hindi', 'हिन्दी की चीज़ों हूँ'],
    ['Arabic with harakat', 'مُحَمَّدٌ اللّٰه'],
    ['Hebrew with points', 'שַׁבָּת שָׁלוֹם'],
    ['Burmese', 'မြို့ မျှော်'],
    ['Tibetan', 'བསྒྲུབས'],
    ['Khmer', 'ក្រុមហ៊ុន'],
    ['Tamil', 'தமிழ் ஸ்ரீ'],
    ['Korean', '편집기'],
    ['Japanese, half-width with voicing marks', 'ﾌﾟﾛｸﾞﾗﾑ'],
    ['Chinese, with a letter outside the basic plane', '𠮷野家'],
    ['a number', '007'],
    ['with an emoji', 'Rocket 🚀'],
    ['with a keycap', 'Editor 1️⃣', 'Editor 1⃣'],
    ['with several blanks', 'A \u00a0\u3000 \t Client\u2800', 'A Client'],
    ['with what nobody sees', 'A\u115f\u1160\u3164\uffa0\u034f\u180e\u{e0041}\u{e0100}B', 'A B'],
  ])('%s: %j', async (_what, name, shown = name) => {
    const { status, json } = await register(served, { redirect_uris: [clientCallback], client_name: name });
    expect([status, json.client_name]).toEqual([201, shown]);
    expect(await publishedAs(name)).toBe(shown);
  });
});

describe('a name cannot be', () => {
  test.each([
    ['empty', ''],
    ['blank', ' \t\u00a0\u2003\u3000\n'],
    ['of invisible characters', '\u200b\u200d\u2060\ufeff\u00ad'],
    ['of Hangul fillers', '\u3164\u115f\u1160\uffa0'],
    ['of Braille blanks', '\u2800\u2800'],
    ['of blank hieroglyphs and notes', '\u{13441}\u{13442}\u{1d159}'],
    ['of tags and variation selectors', '\u{e0041}\u{e0042}\ufe0f\u{e0100}'],
    ['of marks over nothing', '\u0301\u0301'],
    ['punctuation', '--- ... !!!'],
    ['an emoji alone', '🚀'],
    ['with a mark over a blank', 'A \u0301Client'],
    ['that begins with a mark', '\u0336Client'],
    ['with a heap of marks', 'C\u0300\u0316\u0301\u0317\u0302lient'],
    ['with the same mark twice', 'C\u0336\u0336lient'],
    ['with a tower of Thai marks', 'ก็็็็'],
    ['with a tower of six marks', 'မျှော်ု့'],
    ['with a heap of marks that something invisible parts', 'C\u0300\u0316\u0301\u034f\u0317\u0302lient'],
    ['with a character for private use', 'Client \ue000'],
    ['with one for private use outside the basic plane', 'Client \u{f0000}'],
    ['with one that is not assigned', 'Client \u0378'],
    ['with one that is none', 'Client \uffff'],
    ['with half of one', 'Client \ud83d'],
  ])('%s: %j', async (_what, name) => {
    const { status, json } = await register(served, { redirect_uris: [clientCallback], client_name: name });
    expect([status, json.error]).toEqual([400, 'invalid_client_metadata']);
    expect(json.error_description).toMatch(/^client_name: .*(read|name)/);
    expect(await publishedAs(name)).toBeUndefined();
  });
});

test('a document is refused for its name, and the person learns why', async () => {
  published = '\u3164';
  documents += 1;
  const { status, body } = await send(authorizeAddress(served, `${documentAddress}?${documents}`));
  expect(status).toBe(400);
  expect(body).toMatch(/unusable.*client_name/);
});
