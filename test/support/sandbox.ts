/**
 * The sandbox for tests: every answer is checked against Autodesk's OpenAPI documents. Import it from here, and never
 * from sandbox/.
 */
import * as sandbox from '../../sandbox/index.ts';
import { checkAnswer } from '../sandbox/openapi/check.ts';
import { countAnswers } from '../sandbox/openapi/count.ts';

export * from '../../sandbox/index.ts';

/** Like that of the sandbox. `close()` rejects with an `Error` that lists the answers which do not fit the documents. */
export async function startSandbox(options: sandbox.SandboxOptions = {}): Promise<sandbox.Sandbox> {
  const problems = new Set<string>();
  let checked = 0;
  const started = await sandbox.startSandbox({
    ...options,
    onAnswer: async (request, answer) => {
      const findings = await checkAnswer(request, answer);
      if (findings !== undefined) checked += 1;
      for (const problem of findings?.problems ?? []) problems.add(problem);
      await options.onAnswer?.(request, answer);
    },
  });
  return {
    ...started,
    async close() {
      await started.close();
      countAnswers(checked);
      checked = 0;
      if (problems.size > 0) throw new Error(misfit([...problems]));
    },
  };
}

/** Like that of the sandbox, but an answer that does not fit the documents fails the request. */
export function createSandboxApp(state: sandbox.SandboxState): ReturnType<typeof sandbox.createSandboxApp> {
  return sandbox
    .createSandboxApp(state, async (request, answer) => {
      const problems = (await checkAnswer(request, answer))?.problems ?? [];
      if (problems.length > 0) throw new Error(misfit(problems));
    })
    .onError((error) => {
      throw error;
    });
}

function misfit(problems: string[]): string {
  return `Answers of the sandbox that do not fit Autodesk's OpenAPI documents:\n${problems.join('\n')}`;
}
