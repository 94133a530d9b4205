/** What a check is, and how checks are run: in order, each for a limited time. */
import type { listHubs } from '../../lib/aps/data-management.ts';
import type { UserSignIn } from '../../lib/aps-sign-in/user-sign-in.ts';
import type { Environment, Variables } from '../../lib/config/settings.ts';
import type { Addresses } from '../../lib/serve/launch/addresses.ts';
import type { Configuration, Options } from '../../lib/serve/launch/configuration.ts';
import type { ServerDefinition } from '../../lib/serve/launch/definition.ts';
import type { LaunchedSandbox, SandboxModule } from '../../lib/serve/launch/sandbox.ts';
import type { TokenSource } from '../../lib/token-source.ts';

/** `warning`: it works, but perhaps not as expected. `fault`: it does not work. */
export type Status = 'ok' | 'warning' | 'fault' | 'skipped';

/** What a check has found. `text` says what is so, `advice` what to do. Neither contains a secret. */
export type Finding = { status: Status; text: string; advice?: string };

export const ok = (text: string): Finding => ({ status: 'ok', text });
export const warning = (text: string, advice?: string): Finding => ({ status: 'warning', text, advice });
export const fault = (text: string, advice?: string): Finding => ({ status: 'fault', text, advice });
export const skipped = (why: string): Finding => ({ status: 'skipped', text: `skipped, because ${why}` });

/** What is examined. Checks add what those after them need. */
export type Examination = {
  definition: ServerDefinition;
  options: Options;
  /** The environment, the working folder and the folder of the project, if it has one. */
  env: Environment;
  folder: string;
  project: string | undefined;
  loadSandbox: () => Promise<SandboxModule>;
  /** The clock, in milliseconds since 1970. */
  now: () => number;
  /** Warnings about files that were already reported. */
  said: Set<string>;
  /** From the check of the settings files: whether one cannot be read. */
  unreadable?: boolean;
  /** From the check of the settings: the address of APS, also where other settings are not valid. */
  baseUrl?: string;
  /** From the same: what the server would run with. */
  server?: Configured;
  /** From the check of the network: whether APS answered. */
  answered?: boolean;
  /** From the same: by how much this clock is ahead of that of APS, in milliseconds. */
  skew?: number;
  /** From the check of the sign-in: the token of the application or the service account. */
  token?: string;
  /** From the call: the hubs, and what APS says of those that are missing. */
  hubs?: Awaited<ReturnType<typeof listHubs>>;
};

export type Configured = {
  configuration: Configuration<Variables>;
  sandbox?: LaunchedSandbox;
  port: number;
  addresses: Addresses;
  /** Where the token comes from that all callers share. */
  tokens?: TokenSource;
  /** How people sign in to Autodesk, for the tools or, with `--client-auth autodesk`, for their MCP client. */
  users?: UserSignIn;
};

export type Check = {
  /** In JSON. */
  id: string;
  /** For people. */
  title: string;
  run(examination: Examination): Promise<Finding[]> | Finding[];
};

export type Result = Finding & Pick<Check, 'id' | 'title'>;

/** The most that a check can take, in milliseconds. */
const longest = 20_000;

/** Runs checks one after the other. */
export async function* examine(
  examination: Examination,
  checks: readonly Check[],
): AsyncGenerator<Result[], void> {
  for (const { id, title, run } of checks) {
    const findings = await limited(async () => run(examination));
    yield findings.map((finding) => ({ id, title, ...finding }));
  }
}

async function limited(work: () => Promise<Finding[]>): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<Finding[]>((resolve) => {
    timer = setTimeout(
      () =>
        resolve([fault(`no result after ${longest / 1000} seconds`, 'Check the network, and try again.')]),
      longest,
    );
  });
  const result = work().catch((error: unknown) => [
    fault(
      `no result: ${error instanceof Error ? error.message : error}`,
      'Try again. If it happens again, report it as a bug.',
    ),
  ]);
  return Promise.race([result, tooLong]).finally(() => clearTimeout(timer));
}

/** What went wrong, of an error that ends with its advice. */
export function whatHappened({ message, advice }: { message: string; advice: string }): string {
  return message.endsWith(advice) ? message.slice(0, -advice.length).trim() : message;
}
