import { z } from 'zod';
import type { Operation } from '#contracts/operation.ts';

export type JsonObject = { [key: string]: unknown };

/** Formats whose pattern says nothing that the format does not say, at ten times the length. */
const selfExplaining = new Set(['date', 'date-time']);

export interface Schemas {
  /** JSON Schema of what crosses the wire, with references to the components. */
  of(owner: string, schema: z.ZodType): JsonObject;
  readonly components: JsonObject;
}

/**
 * Schemas of the document. What an operation named `<service>.<resource>.read` answers is a component
 * under the name of its resource; wherever else the same schema stands, there is a reference to it.
 */
export function openSchemas(operations: readonly Operation[]): Schemas {
  const components: JsonObject = {};
  const names = new Map<string, string>();
  for (const { name, output } of operations) {
    const [, resource = '', verb] = name.split('.');
    const schema = converted(name, output, components);
    if (verb !== 'read' || schema.type !== 'object') continue;
    components[pascal(resource)] = schema;
    names.set(JSON.stringify(schema), pascal(resource));
  }
  return {
    components,
    // An object schema, or a reference to one.
    of: (owner, schema) => referring(converted(owner, schema, components), names) as JsonObject,
  };
}

/**
 * JSON Schema 2020-12 of the side before transforms and coercions. A schema that contains itself goes
 * among the components, because a reference in an OpenAPI document starts at the document's root.
 */
function converted(owner: string, schema: z.ZodType, components: JsonObject): JsonObject {
  const {
    $schema: _dialect,
    $defs = {},
    ...made
  } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (selfExplaining.has(jsonSchema.format ?? '')) delete jsonSchema.pattern;
    },
  });
  const named = Object.keys($defs).map((name) => [name, `${owner}.${name}`] as const);
  const rename = (value: unknown) => renamed(value, new Map(named));
  for (const [name, component] of named) components[component] = rename($defs[name]);
  // An object schema stays an object.
  return rename(made) as JsonObject;
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (names.size === 0) return value;
  return JSON.parse(JSON.stringify(value), (key, each: unknown) => {
    if (key !== '$ref' || typeof each !== 'string') return each;
    const name = names.get(each.replace('#/$defs/', ''));
    return name === undefined ? each : `#/components/schemas/${name}`;
  });
}

/** The same value with a reference in place of each part that is a component. */
function referring(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => referring(each, names));
  const name = names.get(JSON.stringify(value));
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  const entries = Object.entries(value).map(([key, each]) => [key, referring(each, names)]);
  return Object.fromEntries(entries);
}

/** `api-key` is `ApiKey`. */
function pascal(words: string): string {
  return words
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
