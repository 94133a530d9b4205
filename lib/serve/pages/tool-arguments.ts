/** The arguments of a tool, for people: from the JSON Schema of its input. */
import { html } from 'hono/html';
import { z } from 'zod';
import type { Markup } from './page.ts';

/** The parts of a schema that are shown. Everything else in it is left out. */
const argumentSchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  description: z.string().optional(),
});

const inputSchema = z.looseObject({
  properties: z.record(z.string(), z.unknown()).catch({}).default({}),
  required: z.array(z.string()).catch([]).default([]),
});

/** A table of the arguments: name, type, whether it is required, description. */
export function toolArguments(schema: unknown): Markup {
  const { properties, required } = inputSchema.catch({ properties: {}, required: [] }).parse(schema);
  const names = Object.keys(properties);
  if (names.length === 0) return html`<p>It takes no arguments.</p>`;
  return html`<table>
          <thead><tr><th scope="col">Argument</th><th scope="col">Type</th><th scope="col">Description</th></tr></thead>
          <tbody>
            ${names.map(
              (name) => html`<tr>
              <th scope="row"><code>${name}</code></th>
              <td>${typeInWords(properties[name])}${required.includes(name) ? ', required' : ''}</td>
              <td>${argumentSchema.safeParse(properties[name]).data?.description ?? ''}</td>
            </tr>`,
            )}
          </tbody>
        </table>`;
}

function typeInWords(schema: unknown): string {
  const { type, enum: values, const: value, items, anyOf } = argumentSchema.safeParse(schema).data ?? {};
  if (values) return values.map(String).join(' or ');
  if (value !== undefined) return String(value);
  if (anyOf) return [...new Set(anyOf.map(typeInWords))].join(' or ');
  if (type === 'array') return items === undefined ? 'list' : `list of ${typeInWords(items)}`;
  return type === undefined ? 'any' : [type].flat().join(' or ');
}
