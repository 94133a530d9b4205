/** The part of docs/compatibility.md that says what was seen. */
import type { ClientAuthMode } from '../../lib/config/variables.ts';
import type { Fixture } from './fixtures.ts';
import type { Observed, Refused } from './replay.ts';

export type Row = { fixture: Fixture; withoutKey: Refused } & Record<ClientAuthMode, Observed>;

const begin = '<!-- observed: written by test/clients -->';
const end = '<!-- end of what was observed -->';

/** The document with what was seen in place of what stood there. */
export function documented(text: string, rows: readonly Row[]): string {
  const [before, rest = ''] = text.split(begin);
  const [, after] = rest.split(end);
  if (after === undefined) throw new Error(`The document must have the lines ${begin} and ${end}`);
  return `${before}${begin}\n\n${report(rows)}\n\n${end}${after}`;
}

function report(rows: readonly Row[]): string {
  return [
    '## Results',
    table(
      [
        'client',
        'known from',
        'MCP revision',
        '`autodesk`',
        '`oidc`',
        '`none`',
        '`key`',
        '`key`, without one',
      ],
      rows.map(({ fixture, autodesk, oidc, none, key, withoutKey }) => [
        nameOf(fixture),
        fixture.basis === 'recorded' ? 'the program' : 'publications',
        revision(fixture),
        result(autodesk),
        result(oidc),
        none.problem ? 'no' : 'yes',
        key.problem ? 'no' : 'yes',
        withoutKey.ways.length > 0 ? withoutKey.ways.join(', ') : '401, no sign-in',
      ]),
    ),
    '\\* It requests no refresh token, or got none, so people sign in again when the token expires.',
    `With \`key\`, ${recordedWithKey(rows)} are replayed as recorded. The other clients send the same as with \`none\`, and ` +
      'a key. Without a valid key, every client is refused, and finds neither metadata nor a registration that could start ' +
      'a sign-in. The message of the refusal:',
    list([...new Set(rows.map(({ withoutKey }) => `"${withoutKey.message}"`))]),
    '## What is in the way',
    list(rows.flatMap(problems)) || 'Nothing.',
    '## What each client sends',
    table(
      [
        'client',
        'client sign-in',
        'becomes known by',
        'redirect address',
        '`scope`',
        'at the token endpoint',
      ],
      rows.flatMap((row) => [sent(row, 'autodesk'), sent(row, 'oidc')]),
    ),
    'The ports of `localhost` and `127.0.0.1` come from the recording. Most clients use another one each time.',
    '## Sources, and what could not be verified',
    list(
      rows.map(({ fixture }) =>
        [`**${nameOf(fixture)}**: ${fixture.sources.join('; ')}.`, fixture.unverified]
          .filter(Boolean)
          .join(' '),
      ),
    ),
  ].join('\n\n');
}

function recordedWithKey(rows: readonly Row[]): string {
  return rows.flatMap(({ fixture }) => (fixture.key ? [fixture.client] : [])).join(' and ');
}

function nameOf({ client, version }: Fixture): string {
  return version ? `${client} ${version}` : client;
}

/** The revision that it asks for, where that is known. */
function revision({ basis, none }: Fixture): string {
  if (basis === 'published') return 'not published';
  const [, asked = ''] = /[pP]rotocolVersion":"([^"]*)"/.exec(JSON.stringify(none.requests)) ?? [];
  return asked;
}

function result({ problem, renewed }: Observed): string {
  if (problem) return renewed === false ? 'yes, but its tokens are not renewed' : 'no';
  return renewed ? 'yes' : 'yes\\*';
}

function problems(row: Row): string[] {
  const { client, key } = row.fixture;
  const misled =
    key?.obstacle && `**${client}** with \`key\`: ${key.obstacle.what} Whose: ${key.obstacle.whose}.`;
  const stuck = (['autodesk', 'oidc', 'none'] as const).flatMap((mode) => {
    const { problem } = row[mode];
    if (!problem) return [];
    const { whose, what } = row.fixture[mode].obstacle ?? { whose: 'this server', what: '' };
    const told = `**${client}** with \`${mode}\`: ${problem.replace(/\.?$/, '.')}`;
    return [[told, what, `Whose: ${whose}.`].filter(Boolean).join(' ')];
  });
  return misled ? [...stuck, misled] : stuck;
}

/** What it sends, whether or not it got there, and how it authenticated if it did. */
function sent({ fixture, ...seen }: Row, mode: 'autodesk' | 'oidc'): string[] {
  const { requests } = fixture[mode];
  const asked = requests.find((it) => 'authorize' in it)?.authorize;
  const registers = requests.some((it) => 'request' in it && it.request.endsWith('/register'));
  const document =
    asked && asked.client_id === fixture.document?.client_id && `its document, ${asked.client_id}`;
  return [
    fixture.client,
    `\`${mode}\``,
    registers ? 'registration' : document || 'nothing',
    code(asked?.redirect_uri),
    code(asked?.scope),
    seen[mode].authentication ? code(seen[mode].authentication) : 'not reached',
  ];
}

function code(text = ''): string {
  return text.trim() ? `\`${text.trim()}\`` : 'none';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}
