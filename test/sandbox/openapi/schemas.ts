// The schemas in Autodesk's OpenAPI documents, as validators.
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { type Correction, corrections } from './corrections.ts';
import { openApi } from './operations.ts';

/** `at` returns the validator of a schema, by its place in a document as a JSON pointer. It is compiled when needed. */
export type Validators = { at(document: string, pointer: string): ValidateFunction };

let shared: Validators | undefined;

/** The validators with all corrections, made once in each worker. */
export function validators(): Validators {
  shared ??= createValidators(corrections);
  return shared;
}

/** Validators for all documents. `at` throws an `Error` if a document does not have a part that a correction leaves out. */
export function createValidators(leftOut: readonly Correction[]): Validators {
  // OpenAPI 3.0 has keywords that JSON Schema does not have.
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
  addFormats.default(ajv);
  const compiled = new Map<string, ValidateFunction>();
  const added = new Set<string>();

  const add = (name: string) => {
    if (added.has(name)) return;
    const copy = structuredClone(openApi().schemas.get(name) ?? {});
    for (const { part } of leftOut.filter(({ document }) => document === name)) leaveOut(copy, part);
    leaveOutTypelessNull(copy);
    ajv.addSchema(copy, name);
    added.add(name);
  };

  return {
    at(document, pointer) {
      const address = `${document}#${pointer.split('/').map(encodeURIComponent).join('/')}`;
      add(document);
      const validator = compiled.get(address) ?? ajv.compile({ $ref: address });
      compiled.set(address, validator);
      return validator;
    },
  };
}

/** The value at a JSON pointer. Undefined if there is none. */
export function valueAt(document: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, token) => (isObject(value) ? value[token] : undefined), document);
}

function leaveOut(document: unknown, part: string): void {
  const end = part.lastIndexOf('/');
  const parent = valueAt(document, part.slice(0, end));
  const name = part.slice(end + 1);
  if (!isObject(parent) || !(name in parent)) throw new Error(`There is no ${part}`);
  delete parent[name];
}

/** Ajv refuses `nullable` without `type`, which allows everything anyway. */
function leaveOutTypelessNull(value: unknown): void {
  if (!isObject(value)) return;
  if (value.nullable === true && value.type === undefined) delete value.nullable;
  for (const each of Object.values(value)) leaveOutTypelessNull(each);
}

/** Arrays count: their indexes are names. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
