import { z } from 'zod';
import type { ServiceName } from './caller.ts';
import type { Permission } from './permissions.ts';
import type { ProblemCode } from './problems.ts';

const nothing = z.strictObject({});
type Nothing = typeof nothing;

/** What the ledger hears of an operation: one decision per operation, and silence needs a reason. */
export type Audit =
  /** Every success writes this action in the transaction of the change. */
  | { readonly kind: 'change'; readonly action: string; readonly object: string }
  /** Every success is an event, although nothing changes: sensitive reads, exports, sign-ins. */
  | { readonly kind: 'read'; readonly action: string; readonly object: string }
  | { readonly kind: 'none'; readonly because: string };

export interface Http {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /**
   * With parameters as `{name}`: `/v1/incidents/{id}`. A last one as `{+name}` takes the rest of the
   * path, slashes and all (RFC 6570 section 3.2.3).
   */
  readonly path: string;
  readonly status: 200 | 201 | 202 | 204 | 303;
  /** The body may also be sent as this media type, besides `application/json`. */
  readonly accepts?: string;
  /** The body may also be sent as bytes of this type, which stand as base64 in that field of it. */
  readonly acceptsBytes?: { readonly type: string; readonly field: string };
  /** The answer is text of this type, not JSON; of several, the reply names its own. */
  readonly answers?: string | readonly string[];
  /** A long answer comes in parts: `Link` with `rel="next"` is where to ask for the next one. */
  readonly linked?: boolean;
  /**
   * A field of the JSON that is answered alone, as text of that type, to `?format=` with the name or
   * to an `Accept` that likes the type better than JSON.
   */
  readonly textForm?: {
    readonly format: string;
    readonly type: string;
    readonly field: string;
  };
  /** The answer is bytes of the type in `answers`, and the output a `bytesAnswer`. */
  readonly bytes?: true;
  /** `Cache-Control` of a success; absent: `no-store`, as on everything else. */
  readonly cacheControl?: string;
}

/** One JSON value a line. */
export const PROGRESS_TYPE = 'application/x-ndjson';

/**
 * Bytes on the bus. More than fit into a message come in pieces: the gateway asks again with `next`
 * as the query's `cursor`, and answers the pieces as one body.
 */
export const bytesAnswer = z.strictObject({ bytes: z.base64(), next: z.string().optional() });

/** Names of the parameters in a path, in their order. */
export function parametersIn(path: string): string[] {
  return [...path.matchAll(PARAMETER)].map(([, name = '']) => name);
}

/** The path with something else in place of each parameter. */
export function pathWith(
  path: string,
  replace: (name: string, takesRest: boolean) => string,
): string {
  return path.replaceAll(PARAMETER, (whole, name: string) => replace(name, whole.startsWith('{+')));
}

const PARAMETER = /\{\+?(\w+)\}/g;

interface Declaration<
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  O extends z.ZodType,
> {
  /** `service.resource.verb`, also the bus subject. The first part names the service. */
  readonly name: `${ServiceName}.${string}.${string}`;
  readonly summary: string;
  /** Absent: only services call it, over the bus. */
  readonly http?: Http;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly output: O;
  /**
   * What is told while it is worked on, to who watches. Over HTTP: lines of PROGRESS_TYPE, to an
   * `Accept` that likes it better than JSON. The last line is the answer, or the problem instead.
   */
  readonly progress?: z.ZodType;
  /** Beyond those which every operation can give (see `commonProblems`). */
  readonly problems: readonly ProblemCode[];
  /** `anyone` needs no identity, `signed-in` any. Everything else is a cell of the table. */
  readonly permission: Permission | 'anyone' | 'signed-in';
  readonly audit: Audit;
  /** A repeated request with the same `Idempotency-Key` gets the first answer again. */
  readonly idempotent?: boolean;
  /** The answer carries the record's version as `ETag`; a change honours `If-Match`. */
  readonly versioned?: boolean;
}

export interface Operation<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
> extends Declaration<P, Q, B, O> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly hasBody: boolean;
  readonly service: ServiceName;
  /** The three in one, made once: zod compiles a schema at its first use. */
  readonly input: z.ZodType;
}

/** What a caller of the operation sends, before defaults and coercions. */
export interface InputOf<Op extends Operation> {
  readonly params: z.input<Op['params']>;
  readonly query: z.input<Op['query']>;
  readonly body: z.input<Op['body']>;
}

/** What its handler sees, after them. */
export interface ParsedInputOf<Op extends Operation> {
  readonly params: z.output<Op['params']>;
  readonly query: z.output<Op['query']>;
  readonly body: z.output<Op['body']>;
}

export type OutputOf<Op extends Operation> = z.input<Op['output']>;

/** Problems that any operation can give; the OpenAPI document lists them with each. */
export const commonProblems = [
  'validation',
  'unauthenticated',
  'forbidden',
  'rate-limited',
  'internal',
  'unavailable',
  'timeout',
] as const satisfies readonly ProblemCode[];

/**
 * Declares an operation, once. Route, bus subject, OpenAPI, typed client, guard and audit are all
 * made from the declaration by loops.
 */
export function operation<
  O extends z.ZodType,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(declaration: Declaration<P, Q, B, O>): Operation<P, Q, B, O> {
  // Without a declaration the generic is `Nothing`; the compiler cannot see that it is.
  const params = declaration.params ?? (nothing as unknown as P);
  const query = declaration.query ?? (nothing as unknown as Q);
  const body = declaration.body ?? (nothing as unknown as B);
  return {
    ...declaration,
    params,
    query,
    body,
    hasBody: declaration.body !== undefined,
    input: z.strictObject({ params, query, body: declaration.body ?? nothing.optional() }),
    service: declaration.name.slice(0, declaration.name.indexOf('.')) as ServiceName,
  };
}
