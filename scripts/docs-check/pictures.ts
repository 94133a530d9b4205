/** The pictures of the documentation: each is used, has a test that takes it, and shows what that test sees today. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { difference } from './compare.ts';
import type { Place } from './place.ts';
import { runToEnd } from './run.ts';

/** The folder of the pictures, from the root of the repository. */
export const picturesFolder = 'docs/images';

/** The folders with tests that take pictures. */
const testFolders = ['test/e2e', 'test/pictures'];

/**
 * Pictures of other programs, whose pages change with every version. The command drives the page, and takes the picture with
 * `UPDATE_SCREENSHOTS=1`.
 */
const takenElsewhere = new Map([['inspector', 'npm run test:inspector']]);

/** Time limit for all of these tests, in milliseconds. */
const limit = 240_000;

/** An image in a page. `url` is relative to the page. */
export type Image = { page: string; line: number; url: string };

/** A picture, and what is wrong with it. */
export type PictureProblem = { picture: string; message: string };

/** The tests that take pictures, by the name of the picture. */
export function makersIn(root: string): Map<string, string> {
  const files = testFolders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((file) => posix.join(folder, file)))
    .filter((file) => file.endsWith('.test.ts'));
  return new Map(
    files.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/\bpicture\(\s*\w+,\s*'([\w-]+)'/g)].map(
        ([, name = '']): [string, string] => [name, file],
      ),
    ),
  );
}

/** The pictures that no page shows, that no test takes, or that are missing. */
export function misplacedPictures(root: string, images: readonly Image[]): PictureProblem[] {
  const makers = makersIn(root);
  const local = images.filter(({ url }) => !/^[a-z]+:/i.test(url));
  const shown = new Set(local.map(({ page, url }) => posix.join(posix.dirname(page), url)));
  const there = existsSync(join(root, picturesFolder)) ? readdirSync(join(root, picturesFolder)) : [];
  const problems = there.flatMap((file): PictureProblem[] => {
    const name = file.replace(/\.(png|yml)$/, '');
    const picture = posix.join(picturesFolder, file);
    if (takenElsewhere.has(name) && shown.has(picture)) return [];
    if (!makers.has(name) || name === file)
      return [{ picture, message: `No test takes it: call picture(page, '${name}') in one, or delete it.` }];
    if (file.endsWith('.png') && !shown.has(picture))
      return [{ picture, message: 'No page shows it. Show it, or delete it and the call that takes it.' }];
    return [];
  });
  for (const { page, line, url } of local) {
    const picture = posix.join(posix.dirname(page), url);
    if (!existsSync(join(root, picture)) && !makers.has(basename(picture, '.png')))
      problems.push({
        picture,
        message: `${page}:${line} shows it, but it is not there, and no test takes it.`,
      });
  }
  return problems;
}

/**
 * Takes every picture again in `place`, and compares what it shows with its description in `root`.
 *
 * @param write - replace those that have changed, instead of reporting them
 * @returns what is wrong, and the pictures that were replaced
 */
export async function checkPictures(
  root: string,
  place: Place,
  write: boolean,
): Promise<{ problems: PictureProblem[]; written: string[] }> {
  const makers = makersIn(root);
  const taken = join(place.home, 'pictures');
  mkdirSync(taken);
  const vitest = join(place.root, 'node_modules', 'vitest', 'vitest.mjs');
  const options = ['run', '--config', 'vitest.pictures.config.ts', ...new Set(makers.values())];
  const env = { ...place.env, PICTURES_FOLDER: taken };
  const tests = await runToEnd([process.execPath, vitest, ...options], { cwd: place.root, env, limit });
  if (tests.code !== 0)
    return {
      problems: [
        { picture: picturesFolder, message: `The tests that take the pictures fail:\n${tests.output}` },
      ],
      written: [],
    };

  const read = (folder: string, name: string) => {
    const file = join(folder, `${name}.yml`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  const images = join(root, picturesFolder);
  const problems: PictureProblem[] = [];
  const written: string[] = [];
  for (const name of makers.keys()) {
    const picture = posix.join(picturesFolder, `${name}.png`);
    const [before, now] = [read(images, name), read(taken, name)];
    if (now === '')
      problems.push({
        picture,
        message: 'Its test did not take it. Is Chromium there? Otherwise, set CHROMIUM_PATH.',
      });
    else if (before === now && existsSync(join(root, picture))) continue;
    else if (write) {
      mkdirSync(images, { recursive: true });
      for (const file of [`${name}.png`, `${name}.yml`]) copyFileSync(join(taken, file), join(images, file));
      written.push(picture);
    } else
      problems.push({
        picture,
        message: `It shows something else today (- the picture, + the page):\n${difference(before, now)}`,
      });
  }
  return { problems, written };
}
