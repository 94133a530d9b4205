// `aps-mcp connect --write`: it adds a server to a client's configuration, and loses nothing that is in it.
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Machine } from '../../../scripts/connect/machine.ts';
import { type MadeUpMachine, newMachine } from '../../support/connecting.ts';
import { isWindows } from '../../support/platform.ts';
import { pathOf } from '../../support/programs.ts';

/** A machine with a file of Cursor, and what makes and reads it. */
async function withFile(text: string, name = '.cursor/mcp.json', given: Partial<Machine> = {}) {
  const machine = await newMachine(given);
  const file = machine.file(name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return { machine, file, read: () => readFile(file, 'utf8') };
}

const write = (machine: MadeUpMachine, ...more: string[]) =>
  machine.connect('cursor', '2lo', '--url', 'http://localhost:5000/mcp', '--write', ...more);

const entry = (indent: string, unit = '  ') =>
  [`"aps-2lo": {`, `${unit}"url": "http://localhost:5000/mcp"`, '}'].map((line) => indent + line).join('\n');

describe('adds a server to JSON, and leaves the rest as it is, with', () => {
  test.each([
    [
      'comments, a trailing comma and another layout',
      `// mine
{
  "mcpServers": {
    "docs": { "command": "npx", "env": { "TOKEN": "x" } }, // the docs
    /* no more */
  },
  "theme": "dark", // at night
}
`,
      `// mine
{
  "mcpServers": {
    "docs": { "command": "npx", "env": { "TOKEN": "x" } }, // the docs
    /* no more */
${entry('    ')},
  },
  "theme": "dark", // at night
}
`,
    ],
    [
      'a comment behind the last server',
      '{\n  "mcpServers": {\n    "docs": {\n      "url": "x"\n    } // the docs\n  }\n}\n',
      `{\n  "mcpServers": {\n    "docs": {\n      "url": "x"\n    }, // the docs\n${entry('    ')}\n  }\n}\n`,
    ],
    [
      'tabs',
      '{\n\t"mcpServers": {\n\t\t"a": {}\n\t}\n}',
      `{\n\t"mcpServers": {\n\t\t"a": {},\n${entry('\t\t', '\t')}\n\t}\n}`,
    ],
    [
      'four spaces, and no servers yet',
      '{\n    "a": 1,\n    "b": [1, 2]\n}\n',
      `{\n    "a": 1,\n    "b": [1, 2],\n    "mcpServers": {\n${entry('        ', '    ')}\n    }\n}\n`,
    ],
    [
      'a comment and no servers in the group',
      '{\n  "mcpServers": {\n    // none\n  }\n}',
      `{\n  "mcpServers": {\n    // none\n${entry('    ')}\n  }\n}`,
    ],
    ['nothing but braces', '{}', `{\n  "mcpServers": {\n${entry('    ')}\n  }\n}`],
    [
      'everything on one line',
      '{"a":1}',
      '{"a":1, "mcpServers": { "aps-2lo": { "url": "http://localhost:5000/mcp" } }}',
    ],
    [
      'other servers on one line',
      '{ "mcpServers": { "docs": { "url": "x" } } }\n',
      '{ "mcpServers": { "docs": { "url": "x" }, "aps-2lo": { "url": "http://localhost:5000/mcp" } } }\n',
    ],
    [
      'null for its servers',
      '{\n  "mcpServers": null\n}\n',
      `{\n  "mcpServers": {\n${entry('    ')}\n  }\n}\n`,
    ],
    ['nothing but a comment', '// mine', `// mine\n{\n  "mcpServers": {\n${entry('    ')}\n  }\n}\n`],
    ['nothing', '', `{\n  "mcpServers": {\n${entry('    ')}\n  }\n}\n`],
    [
      'a byte order mark and line ends of Windows',
      '\uFEFF{\r\n  "mcpServers": {\r\n    "a": {}\r\n  }\r\n}\r\n',
      `\uFEFF{\r\n  "mcpServers": {\r\n    "a": {},\r\n${entry('    ').replaceAll('\n', '\r\n')}\r\n  }\r\n}\r\n`,
    ],
  ])('%s', async (_, before, after) => {
    const { machine, read } = await withFile(before);
    await write(machine, '--yes');
    expect(await read()).toBe(after);
    expect(await write(machine, '--yes')).toContain('aps-2lo is already there');
    expect(await read()).toBe(after);
  });
});

const codex = `# Codex
model = "gpt-5" # the new one
approval_policy = 'on-request'

[mcp_servers.docs] # documentation
command = "npx"
args = [
  "-y", # no questions
  "docs-mcp",
]

# its key
[mcp_servers.docs.env]
TOKEN = "x"

[projects."/home/ada/a b"]
trust_level = "trusted"
started = 2026-11-28T07:00:00Z
`;

const table = '[mcp_servers.aps-2lo]\nurl = "http://localhost:5000/mcp"\n';

const writeCodex = (machine: MadeUpMachine, ...more: string[]) =>
  machine.connect('codex', '2lo', '--url', 'http://localhost:5000/mcp', '--write', '--yes', ...more);

describe('adds a server to TOML, and leaves the rest as it is, with', () => {
  test.each([
    ['comments and other tables', codex, `${codex}\n${table}`],
    ['no line end at the end', 'a = 1', `a = 1\n\n${table}`],
    ['nothing', '', table],
    ['a group that is empty', '[mcp_servers]\n# none\n', `[mcp_servers]\n# none\n\n${table}`],
    ['line ends of Windows', codex.replaceAll('\n', '\r\n'), `${codex}\n${table}`.replaceAll('\n', '\r\n')],
    [
      'its servers in one line',
      'mcp_servers = { a = { command = "b" } } # short\n',
      'mcp_servers = { a = { command = "b" }, aps-2lo = { url = "http://localhost:5000/mcp" } } # short\n',
    ],
  ])('%s', async (_, before, after) => {
    const { machine, read } = await withFile(before, '.codex/config.toml');
    await writeCodex(machine);
    expect(await read()).toBe(after);
    expect(await writeCodex(machine)).toContain('aps-2lo is already there');
  });
});

describe('changes a server of the same name', () => {
  test('value by value, and keeps what people have set for it, and their comments', async () => {
    const { machine, read } = await withFile(
      '{\n  "mcpServers": {\n    "aps-2lo": {\n      // faster\n      "command": "/old/node", "args": ["x"],\n' +
        '      "env": { "APS_SANDBOX": "1" }, "timeout": 5 // short\n    },\n    "b": {}\n  }\n}\n',
    );
    await machine.connect('cursor', '2lo', '--sandbox', '--write', '--yes');
    const text = await read();
    expect(text).toContain('// faster');
    expect(text).toContain(' "env": { "APS_SANDBOX": "1" }, "timeout": 5, // short\n');
    expect(text).toContain('    "b": {}');
    expect(text).toContain(JSON.stringify(process.execPath));
    expect(text).not.toContain('/old/node');
    expect(await machine.connect('cursor', '2lo', '--sandbox', '--write')).toContain('already there');
  });

  test('in TOML too', async () => {
    const { machine, read } = await withFile(
      `${codex}\n[mcp_servers.aps-2lo] # ours\ncommand = "/old/node" # old\nargs = ["x"]\nstartup_timeout_sec = 90\n`,
      '.codex/config.toml',
    );
    await machine.connect('codex', '2lo', '--sandbox', '--write', '--yes');
    const text = await read();
    expect(text.startsWith(codex)).toBe(true);
    expect(text).toContain('[mcp_servers.aps-2lo] # ours\n');
    expect(text).toContain(`command = ${JSON.stringify(process.execPath)} # old\n`);
    expect(text).toContain('startup_timeout_sec = 90\n');
  });

  test.each([
    ['with variables', '\n[mcp_servers.aps-2lo.env]\nFOO = "bar"\n'],
    ['without variables', ''],
    ['before other tables', '\n# last\n[mcp_servers.z]\ncommand = "z" # z\n'],
  ])('in TOML as `codex mcp add` writes it, without a time-out, %s', async (_, rest) => {
    const { machine, read } = await withFile(
      `${codex}\n[mcp_servers.aps-2lo]\ncommand = "node"\nargs = ["/old/aps-mcp.js", "2lo"]\n${rest}`,
      '.codex/config.toml',
    );
    await machine.connect('codex', '2lo', '--sandbox', '--write', '--yes');
    const started = [process.execPath, pathOf('scripts/aps-mcp.mjs')].map((each) => JSON.stringify(each));
    expect(await read()).toBe(
      `${codex}\n[mcp_servers.aps-2lo]\nstartup_timeout_sec = 30\ncommand = ${started[0]}\n` +
        `args = [${started[1]}, "2lo", "--sandbox", "--transport", "stdio"]\n${rest}`,
    );
  });

  test('without headers, which may hold a key for the old address', async () => {
    const { machine, read } = await withFile(
      '{ "mcpServers": { "aps-2lo": { "url": "https://old.example.com/mcp", "headers": { "Authorization": "x" } } } }',
    );
    await write(machine, '--yes');
    expect(JSON.parse(await read())).toEqual({
      mcpServers: { 'aps-2lo': { url: 'http://localhost:5000/mcp' } },
    });
  });

  test('not at all if only a key was added by hand', async () => {
    const { machine } = await withFile(
      '{ "mcpServers": { "aps-2lo": { "url": "http://localhost:5000/mcp", "headers": { "Authorization": "x" } } } }',
    );
    expect(await write(machine, '--yes')).toContain('aps-2lo is already there');
  });

  test('only if somebody confirms that', async () => {
    const before = '{ "mcpServers": { "aps-2lo": { "url": "http://localhost:1/mcp" } } }';
    const questions: string[] = [];
    const { machine, read } = await withFile(before, undefined, {
      confirm: async (question) => questions.push(question) > 1,
    });
    const printed = await write(machine);
    expect(questions).toEqual(['There is another server named aps-2lo. Replace it?']);
    expect(printed).toMatch(/^- .*localhost:1\/mcp/m);
    expect(printed).toMatch(/^\+ .*localhost:5000\/mcp/m);
    expect(printed).toMatch(/Nothing was changed\.$/);
    expect(await read()).toBe(before);
    await write(machine);
    expect(await read()).toContain('localhost:5000');
  });
});

describe('shows what changes', () => {
  const docs = '"docs":{"command":"npx","env":{"TOKEN":"secret"}}';

  test.each([
    ['on many lines', `{\n  "mcpServers": {\n    ${docs}\n  }\n}\n`],
    ['on one line', `{"mcpServers":{${docs}}}`],
    ['on one line, without servers', `{"keys":{${docs}}}`],
  ])('and no key of another server in a file %s', async (_, before) => {
    const { machine } = await withFile(before, undefined, { confirm: async () => false });
    const printed = await write(machine);
    expect(printed).toContain('+     "aps-2lo": {\n+       "url": "http://localhost:5000/mcp"\n');
    expect(printed).not.toMatch(/secret|npx/);
  });

  test('of a server, and no variable that it keeps', async () => {
    const { machine } = await withFile(
      '{"mcpServers":{"aps-2lo":{"type":"stdio","command":"/old/node","args":["x"],"env":{"TOKEN":"secret"}}}}',
      undefined,
      { confirm: async () => false },
    );
    const printed = await machine.connect('cursor', '2lo', '--sandbox', '--write');
    expect(printed).toMatch(/^- .*\/old\/node/m);
    expect(printed).toMatch(/^\+ .*aps-mcp\.mjs/m);
    expect(printed).not.toMatch(/secret|TOKEN|stdio",$/m);
  });
});

test.skipIf(isWindows)('makes the file and its folders, for their owner only', async () => {
  const machine = await newMachine();
  await write(machine, '--yes');
  const { mode } = await stat(machine.file('.cursor/mcp.json'));
  expect((mode & 0o777).toString(8)).toBe('600');
});

test.skipIf(isWindows)(
  'keeps the mode of the file, and a symbolic link to it, and leaves no other file behind',
  async () => {
    const { machine, file, read } = await withFile('{}', 'dotfiles/mcp.json');
    await chmod(file, 0o640);
    await mkdir(machine.file('.cursor'));
    await symlink('../dotfiles/mcp.json', machine.file('.cursor/mcp.json'));
    await write(machine, '--yes');
    expect(await readlink(machine.file('.cursor/mcp.json'))).toBe('../dotfiles/mcp.json');
    expect(await read()).toContain('aps-2lo');
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('640');
    expect(await readdir(machine.file('dotfiles'))).toEqual(['mcp.json']);
  },
);

describe('changes nothing, and says why, if', () => {
  test.each([
    [
      'the JSON is not valid',
      '.cursor/mcp.json',
      '{\n  "a": 1\n  "b": 2\n}',
      /mcp\.json is not valid at line 3, column 3: comma expected\./,
    ],
    ['the JSON is a list', '.cursor/mcp.json', '[]', /is not valid at line 1, column 1: it is not an object/],
    [
      'the servers are a list',
      '.cursor/mcp.json',
      '{"mcpServers":[]}',
      /"mcpServers" is not a group of servers/,
    ],
    ['the JSON is a comment without an end', '.cursor/mcp.json', '/* mine', /without losing something/],
    [
      'the servers are there twice',
      '.cursor/mcp.json',
      '{"mcpServers":{},"mcpServers":{"a":{}}}',
      /without losing something/,
    ],
    [
      'the TOML is not valid',
      '.codex/config.toml',
      'a = 1\nb = [1,\n',
      /config\.toml is not valid at line \d, column \d/,
    ],
  ])('%s', async (_, name, before, message) => {
    const { machine, read } = await withFile(before, name);
    const client = name.endsWith('.toml') ? 'codex' : 'cursor';
    await expect(machine.connect(client, '2lo', '--write', '--yes')).rejects.toThrow(message);
    expect(await read()).toBe(before);
  });

  test('the file is not UTF-8', async () => {
    const { machine, file } = await withFile('');
    await writeFile(file, Buffer.from([0xff, 0xfe, 0x7b, 0x00]));
    await expect(write(machine, '--yes')).rejects.toThrow('is not UTF-8');
    expect(await readFile(file)).toEqual(Buffer.from([0xff, 0xfe, 0x7b, 0x00]));
  });

  test('there is no terminal to ask at, and no --yes', async () => {
    const { machine, read } = await withFile('{}');
    await expect(write(machine)).rejects.toThrow(/no terminal to answer in.*add --yes/);
    expect(await read()).toBe('{}');
  });

  test('the client has written the file meanwhile', async () => {
    const { machine, file, read } = await withFile('{}', undefined, {
      confirm: async () => {
        await writeFile(file, '{"a":1}');
        return true;
      },
    });
    await expect(write(machine)).rejects.toThrow('has changed in the meantime');
    expect(await read()).toBe('{"a":1}');
  });

  test.skipIf(isWindows)('the symbolic link leads nowhere', async () => {
    const machine = await newMachine();
    await mkdir(machine.file('.cursor'));
    await symlink('nowhere.json', machine.file('.cursor/mcp.json'));
    await expect(write(machine, '--yes')).rejects.toThrow('is a symbolic link to nowhere.json');
  });
});
