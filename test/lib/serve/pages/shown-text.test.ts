// What pages show of names that others chose: cleaned, and bounded.
import { expect, test } from 'vitest';
import { shownText } from '../../../../lib/serve/pages/shown-text.ts';

test.each([
  ['Emil Engineer', 'Emil Engineer'],
  ['Zoë 張 Δ عمر', 'Zoë 張 Δ عمر'],
  ['auth0|emp-1001', 'auth0|emp-1001'],
  ['Nguyễn'.normalize('NFD'), 'Nguyễn'.normalize('NFC')],
  ['क्षि ด้วย שָּׁלוֹם', 'क्षि ด้วย שָּׁלוֹם'],
])('%j is shown as %j', (text, shown) => {
  expect(shownText(text)).toBe(shown.normalize('NFC'));
});

test.each([
  ['an override of the direction', 'Emil \u202Emda\u202C', 'Emil mda'],
  ['an isolate', '\u2066Emil\u2069', 'Emil'],
  ['marks of a direction', 'E\u200Em\u200Fi\u061Cl', 'Emil'],
  ['characters without width', 'E\u200Bm\u200Ci\u200Dl\u2060\uFEFF', 'Emil'],
  ['letters that are blank', 'Emil\u3164\u115F\u1160\uFFA0 Engineer', 'Emil Engineer'],
  ['control characters', 'E\u0000m\u001B[2Ji\u0085l\u007F', 'Em[2Jil'],
  ['tags and variation selectors', 'Emil\u{E0041}\uFE0F', 'Emil'],
  ['half a character', 'Emil\uD83D', 'Emil'],
  ['characters of private use', 'Emil\uE000', 'Emil'],
  ['lines and tabs', 'Emil\r\n\tEngineer\u2028x', 'Emil Engineer x'],
  ['3,000 blanks', `Emil${' '.repeat(3000)}Engineer`, 'Emil Engineer'],
  ['blanks of every width', 'Emil \u00A0\u2003\u3000\u2800 Engineer', 'Emil Engineer'],
  ['blanks that something invisible parts', 'Emil \u200B \u200B Engineer', 'Emil Engineer'],
  ['blanks around it', '  Emil  ', 'Emil'],
  ['a stack of marks', `E${'\u0336'.repeat(50)}mil`, 'E\u0336\u0336\u0336mil'],
])('%s is taken out of a name', (_what, text, shown) => {
  expect(shownText(text)).toBe(shown.normalize('NFC'));
});

test('nothing is left of a name that nobody can see', () => {
  for (const text of ['', ' \n ', '\u200B\u202E', '\u3164\u2800']) expect(shownText(text)).toBe('');
});

test('a long name has 100 characters, and says that there is more', () => {
  expect(shownText('x'.repeat(100))).toBe('x'.repeat(100));
  expect(shownText('x'.repeat(101))).toBe(`${'x'.repeat(99)}…`);
  expect(shownText('😀'.repeat(3000))).toBe(`${'😀'.repeat(99)}…`);
});
