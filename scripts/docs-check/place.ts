/** Where the commands of a page run: a clone and a HOME of the page, and an environment without personal settings. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export type Place = {
  home: string;
  /** The root of the clone, where the first command runs. */
  root: string;
  /** Where a command leaves its working folder and variables for the next one. */
  state: string;
  env: Record<string, string>;
};

/** The variables of the caller that commands get: those about the machine and its network. */
const inherited =
  /^(TMPDIR|CHROMIUM_PATH|(https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE|npm_config_registry)$/i;

/** HTTP errors make curl fail. Curl would also show its progress, because its output is not a terminal. */
const curlOptions = 'fail-with-body\nno-progress-meter\n';

/** Makes the place of a page in an empty folder. */
export function makePlace(folder: string): Place {
  const [home, state] = [join(folder, 'home'), join(folder, 'state')];
  const root = join(home, 'aps-mcp');
  for (const path of [root, state]) mkdirSync(path, { recursive: true });
  writeFileSync(join(home, '.curlrc'), curlOptions);
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && inherited.test(entry[0]),
  );
  // `npm run` puts the commands of the packages first, which a terminal does not.
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((it) => !/node_modules\/\.bin|node-gyp-bin/.test(it));
  const env = {
    ...Object.fromEntries(kept),
    // Every machine has the locale C, and programs print the same in it everywhere.
    ...{ PATH: path.join(delimiter), HOME: home, NO_COLOR: '1', TERM: 'dumb', LC_ALL: 'C' },
    // Packages come from the user's cache. Global ones are installed in this place only.
    npm_config_cache: process.env.npm_config_cache ?? join(homedir(), '.npm'),
    npm_config_userconfig: process.env.npm_config_userconfig ?? join(homedir(), '.npmrc'),
    ...{ npm_config_prefix: join(home, '.npm-global'), npm_config_prefer_offline: 'true' },
    ...{ npm_config_yes: 'true', npm_config_update_notifier: 'false', npm_config_fund: 'false' },
  };
  return { home, root, state, env };
}

/** Copies what git would commit from a repository, as it is now, and links its installed packages. */
export function copyRepository(from: string, to: string): void {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: from,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  for (const file of list.split('\0').filter((it) => it !== '' && existsSync(join(from, it))))
    cpSync(join(from, file), join(to, file));
  symlinkSync(join(from, 'node_modules'), join(to, 'node_modules'));
}

/** Removes a place, even if a command in it has only just ended. */
export function removePlace(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
