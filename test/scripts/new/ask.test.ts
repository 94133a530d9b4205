// What `aps-mcp new` asks at a terminal, typed key by key.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { type Answers, ask } from '../../../scripts/new/ask.ts';

const [enter, down, ctrlC] = ['\r', '\u001b[B', '\u0003'];

/** Asks at a terminal of streams. `type` waits for a question, and presses keys. */
function asked(given: Partial<Answers>) {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = '';
  output.on('data', (text) => {
    shown += text;
  });
  const answers = ask(given, { input, output });
  const type = async (question: string, ...keys: string[]) => {
    await expect.poll(() => shown, { interval: 5 }).toContain(question);
    for (const key of keys) input.write(key);
  };
  return { answers, type, shown: () => shown };
}

test('asks for the folder and the sign-in', async () => {
  const { answers, type } = asked({});
  await type('In which folder?', 'mine', enter);
  await type('How does the server sign in', down, down, enter);
  expect(await answers).toEqual({ folder: 'mine', signIn: '3lo' });
});

test('offers a folder, and asks only for what is missing', async () => {
  const { answers, type, shown } = asked({ signIn: 'ssa' });
  await type('In which folder?', enter);
  expect(await answers).toEqual({ folder: 'my-server', signIn: 'ssa' });
  expect(shown()).not.toContain('sign in to APS');
});

test('says what is wrong with a folder, and asks again', async () => {
  const { answers, type } = asked({ signIn: 'ssa' });
  await type('In which folder?', 'test', enter);
  await type('is not empty', '-server', enter);
  expect(await answers).toEqual({ folder: 'test-server', signIn: 'ssa' });
});

test.each(['In which folder?', 'How does the server'])('Ctrl-C at "%s" ends it', async (question) => {
  const { answers, type } = asked(question.startsWith('In') ? {} : { folder: 'mine' });
  await type(question, ctrlC);
  expect(await answers).toBeUndefined();
});
