/** Which scenarios of the MCP conformance suite apply to these servers, and which checks are expected to fail. */

export const revisions = ['2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof revisions)[number];

/** The reason for each check that is expected to fail, by its id. */
export type ExpectedFailures = Record<string, string>;

const calls = (tool: string) => `calls the tool ${tool} of the suite's own example server`;

/** The scenarios that every server must pass, with the checks that cannot apply to these servers. */
export const applicable: Record<Revision, Record<string, ExpectedFailures>> = {
  '2025-11-25': {
    'server-initialize': {},
    'server-session-lifecycle': {},
    ping: {},
    'tools-list': {},
    'server-sse-multiple-streams': {},
    'dns-rebinding-protection': {},
  },
  '2026-07-28': {
    'server-stateless': {
      'sep-2575-server-rejects-undeclared-capability': calls('test_missing_capability'),
      'sep-2575-missing-capability-http-400': calls('test_missing_capability'),
      'sep-2575-http-server-no-independent-requests-on-stream': calls('test_streaming_elicitation'),
      'sep-2575-server-no-log-without-loglevel': calls('test_logging_tool'),
    },
    'tools-list': {},
    'server-sse-multiple-streams': {},
    'dns-rebinding-protection': {},
    'http-header-validation': {},
    'input-required-result-unsupported-methods': {},
    // Without the suite's own tool, these three cover little. test/lib/serve/mcp/sign-in-elicitation-answers.test.ts covers the rest.
    'input-required-result-missing-input-response': {
      'sep-2322-missing-response-rerequests': calls('test_input_required_result_elicitation'),
    },
    'input-required-result-ignore-extra-params': {
      'sep-2322-ignore-unexpected-params': calls('test_input_required_result_elicitation'),
    },
    'input-required-result-validate-input': {},
    caching: {},
    'sep-2164-resource-not-found': {},
  },
};

/**
 * The scenarios that an authorization server must pass, with the checks that are expected to fail. They do not differ from
 * revision to revision.
 */
export const authorizationServer: Record<string, ExpectedFailures> = {
  'authorization-server-metadata-endpoint': {},
  'authorization-code-grant': {},
};

/** The scenarios that do not apply to these servers. */
const notApplicable = [
  // They call tools of the suite's own example server.
  /^(tools-call|elicitation|input-required-result|json-schema|server-sse-polling)/,
  // These servers have tools only.
  /^(prompts|resources|completion|logging)-/,
  // No tool takes an argument from an HTTP header.
  /^http-custom-header-server-validation$/,
  // An extension that these servers do not support.
  /^tasks-/,
];

/** Whether a scenario is known not to apply. A new one counts as applicable, so that somebody looks at it. */
export function doesNotApply(scenario: string): boolean {
  return notApplicable.some((scenarios) => scenarios.test(scenario));
}
