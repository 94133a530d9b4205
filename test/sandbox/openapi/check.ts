// Compares an answer of the sandbox with what Autodesk's OpenAPI documents say about the operation.
import type { ErrorObject } from 'ajv';
import { type Exception, exceptions } from './exceptions.ts';
import { type DocumentedResponse, type Operation, operationsAt } from './operations.ts';
import { validators } from './schemas.ts';

/** `problems` do not fit the documents. `used` are the exceptions that were needed. */
export type Findings = { problems: string[]; used: Exception[] };

/**
 * What is wrong with an answer: its status, content type or body. Undefined if no document has the operation. An answer
 * that fits one of several operations at the same path is right.
 */
export async function checkAnswer(
  { method, path }: { method: string; path: string },
  answer: Response,
): Promise<Findings | undefined> {
  const operations = operationsAt(method, path);
  const [first, ...others] = await Promise.all(
    operations.map((operation) => findingsFor(operation, answer.clone())),
  );
  return others.reduce((best, next) => (isBetter(next, best ?? next) ? next : best), first);
}

/** Without problems, or with fewer exceptions. */
function isBetter(next: Findings, best: Findings): boolean {
  if (next.problems.length !== best.problems.length) return next.problems.length < best.problems.length;
  return next.used.length < best.used.length;
}

async function findingsFor(operation: Operation, answer: Response): Promise<Findings> {
  const findings: Findings = { problems: [], used: [] };
  const name = `${operation.method} ${operation.path}`;
  const exceptionFor = (fits: (exception: Exception) => boolean) =>
    exceptions.find(
      (each) => each.operations.test(name) && each.statuses.includes(answer.status) && fits(each),
    );
  const report = (problem: string) => findings.problems.push(`${name} ${answer.status}: ${problem}`);

  const documented = operation.responses.get(String(answer.status));
  if (documented === undefined) {
    const body = await jsonOf(answer);
    const exception = exceptionFor(
      ({ departs, body: expected }) => departs === 'status' && expected?.safeParse(body).success !== false,
    );
    const statuses = [...operation.responses.keys()].join(', ');
    if (exception === undefined) report(`the document has only ${statuses}. Body: ${JSON.stringify(body)}`);
    else findings.used.push(exception);
    return findings;
  }
  for (const problem of await problemsWith(answer, operation, documented)) {
    const exception = exceptionFor(({ departs }) => departs instanceof RegExp && departs.test(problem));
    if (exception === undefined) report(problem);
    else findings.used.push(exception);
  }
  return findings;
}

async function problemsWith(
  answer: Response,
  { document }: Operation,
  { pointer, contentTypes }: DocumentedResponse,
): Promise<string[]> {
  const [contentType = ''] = (answer.headers.get('content-type') ?? '').split(';');
  if (contentTypes.length === 0) {
    // An error can have a body that the document does not describe.
    return answer.ok && contentType !== '' ? ['the document has no body'] : [];
  }
  // Statuses like 304 have no body, whatever the document says.
  if (answer.status < 200 || answer.status === 204 || answer.status === 304) return [];
  if (contentType === '') return [`no body instead of ${contentTypes.join(' or ')}`];
  if (!contentTypes.includes(contentType)) return [`${contentType} instead of ${contentTypes.join(' or ')}`];
  if (!contentType.endsWith('json')) return [];
  const schema = `${pointer}/content/${contentType.replaceAll('/', '~1')}/schema`;
  const validate = validators().at(document, schema);
  return validate(await jsonOf(answer)) ? [] : (validate.errors ?? []).map(describe);
}

/** Undefined if the body is not JSON. */
async function jsonOf(answer: Response): Promise<unknown> {
  return answer.json().catch(() => undefined);
}

/** The place in the body as a JSON pointer, and what is wrong there. */
function describe({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath || '/'} ${message} ${JSON.stringify(params)}`;
}
