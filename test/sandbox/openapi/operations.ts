// The operations that Autodesk documents, read from its OpenAPI documents.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/** `pointer` is the place of a response in the document, `contentTypes` are those with a schema. */
export type DocumentedResponse = { pointer: string; contentTypes: readonly string[] };

export type Operation = {
  document: string;
  method: string;
  /** With placeholders, as in `/oss/v2/buckets/{bucketKey}`. */
  path: string;
  /** By status. */
  responses: ReadonlyMap<string, DocumentedResponse>;
  matches(path: string): boolean;
};

const names = ['authentication', 'secureServiceAccount', 'oss', 'datamanagement', 'issues', 'accountadmin'];
const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** This path lacks its beginning, which those of folders and items next to it have. */
const misprints = new Map([
  [
    '/projects/{project_id}/versions/{version_id}/relationships/links',
    '/data/v1/projects/{project_id}/versions/{version_id}/relationships/links',
  ],
]);

const responseSchema = z.union([
  z.object({ $ref: z.string() }),
  z.object({ content: z.record(z.string(), z.unknown()).default({}) }),
]);
const operationSchema = z.object({ responses: z.record(z.string(), responseSchema) });
const pathSchema = z.object({
  get: operationSchema.optional(),
  post: operationSchema.optional(),
  put: operationSchema.optional(),
  patch: operationSchema.optional(),
  delete: operationSchema.optional(),
});
const documentSchema = z.object({
  paths: z.record(z.string(), pathSchema),
  components: z.object({ responses: z.record(z.string(), responseSchema).default({}) }),
});
const anyObject = z.record(z.string(), z.unknown());

type Documents = {
  /** The parsed documents, by name. */
  schemas: ReadonlyMap<string, Record<string, unknown>>;
  operations: readonly Operation[];
};

let read: Documents | undefined;

/** Reads the documents once in each worker, when the first test needs them: that takes half a second. */
export function openApi(): Documents {
  read ??= readDocuments();
  return read;
}

function readDocuments(): Documents {
  const schemas = new Map<string, Record<string, unknown>>();
  const operations: Operation[] = [];
  for (const name of names) {
    const file = new URL(`documents/${name}.yaml`, import.meta.url);
    const document: unknown = parse(readFileSync(file, 'utf8'));
    const { paths, components } = documentSchema.parse(document);
    for (const [path, item] of Object.entries(paths)) {
      for (const method of methods) {
        const operation = item[method];
        if (operation === undefined) continue;
        const responses = Object.entries(operation.responses).map(([status, response]) => {
          const own = pointer('paths', path, method, 'responses', status);
          return [status, resolved(own, response, components.responses)] as const;
        });
        const actual = misprints.get(path) ?? path;
        const pattern = new RegExp(`^${actual.replaceAll('.', '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`);
        operations.push({
          document: name,
          method: method.toUpperCase(),
          path: actual,
          responses: new Map(responses),
          matches: (candidate) => pattern.test(candidate),
        });
      }
    }
    schemas.set(name, anyObject.parse(document));
  }
  return { schemas, operations };
}

function resolved(
  own: string,
  response: z.infer<typeof responseSchema>,
  components: Record<string, z.infer<typeof responseSchema>>,
): DocumentedResponse {
  if (!('$ref' in response)) return { pointer: own, contentTypes: Object.keys(response.content) };
  const name = response.$ref.slice('#/components/responses/'.length);
  const shared = components[name];
  if (shared === undefined) throw new Error(`There is no ${response.$ref}`);
  return resolved(pointer('components', 'responses', name), shared, components);
}

/** A JSON pointer (RFC 6901). */
export function pointer(...tokens: string[]): string {
  return tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The documented operations with this method and path. The token endpoint has two: one for each kind of grant. */
export function operationsAt(method: string, path: string): Operation[] {
  const found = openApi().operations.filter((each) => each.method === method && each.matches(path));
  // `/companies/search` is an operation, and not a company with that id.
  const fewest = Math.min(...found.map(placeholders));
  return found.filter((each) => placeholders(each) === fewest);
}

function placeholders({ path }: Operation): number {
  return path.split('{').length;
}
