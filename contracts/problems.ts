import { z } from 'zod';

/**
 * The catalogue of expected failures. `code` is stable and for programs; `title` is for people and
 * the same for every occurrence; what happened this time stands in `detail` and `errors`.
 */
export const problems = {
  validation: { status: 400, title: 'The request does not fit the schema' },
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'invalid-cursor': { status: 400, title: 'The cursor is not one of ours' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  'bad-credentials': { status: 401, title: 'The e-mail, password or code is not right' },
  forbidden: { status: 403, title: 'This caller may not do this' },
  'origin-mismatch': { status: 403, title: 'The request comes from another site' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This path does not take this method' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  conflict: { status: 409, title: 'The state does not allow this' },
  'already-exists': { status: 409, title: 'There is one already' },
  gone: { status: 410, title: 'It is no longer valid' },
  'version-mismatch': { status: 412, title: 'The record has changed since it was read' },
  'too-large': { status: 413, title: 'It is larger than allowed' },
  'unsupported-media-type': { status: 415, title: 'This media type is not taken here' },
  'misdirected-host': { status: 421, title: 'This host is not served here' },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
  },
  'content-mismatch': { status: 422, title: 'The bytes are not the ones announced' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'The headers are larger than allowed' },
  internal: { status: 500, title: 'The fault is ours' },
  unavailable: { status: 503, title: 'The service cannot answer now' },
  'ledger-behind': { status: 503, title: 'Changes wait until their audit can be made durable' },
  timeout: { status: 504, title: 'The service did not answer in time' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

/** One thing wrong in the input. `pointer` is a JSON pointer: `#/body/admin/email`. */
export const problemError = z.strictObject({ pointer: z.string(), detail: z.string() });

/** The body of every failed answer: RFC 9457 `application/problem+json`. */
export const problemBody = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]),
  detail: z.string().optional(),
  instance: z.string().optional(),
  errors: z.array(problemError).optional(),
  /** Seconds after which to try again; also sent as the `Retry-After` header. */
  retryAfterSeconds: z.number().int().positive().optional(),
});
export type ProblemBody = z.infer<typeof problemBody>;
