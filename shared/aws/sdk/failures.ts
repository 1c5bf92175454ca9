import { Problem } from '#shared/problem.ts';

const RETRY_AFTER_SECONDS = 1;
/** Lower than any status of HTTP: no answer came. */
const NO_ANSWER = 0;

/**
 * What a failed call tells about the call itself.
 *
 * - `throttled`: refused because there were too many. Not carried out.
 * - `absent`: nobody took it: no connection, no address. Not carried out.
 * - `unknown`: the connection broke, no answer came in time, or the service failed inside (5xx).
 *   It may have been carried out.
 * - `refused`: the service has looked at it and said no. Not carried out; saying it again is no use.
 */
export type Failure = 'throttled' | 'absent' | 'unknown' | 'refused';

/** Names that the services give to "too many"; `RequestLimitExceeded` is the account's own limit. */
const THROTTLED = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'SlowDown',
  'KmsThrottled',
]);
/** Errors of the socket before a byte of the request was taken. */
const ABSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return 'unknown';
  if (THROTTLED.has(error.name)) return 'throttled';
  const { code, status } = particularsOf(error);
  if (ABSENT.has(code)) return 'absent';
  const isAnswered = status >= 400 && status < 500;
  return isAnswered ? 'refused' : 'unknown';
}

/** Problem `unavailable` for what another try may mend; anything else is a bug and flies as it is. */
export function unavailableFor(error: unknown): unknown {
  if (error instanceof Problem || failureOf(error) === 'refused') return error;
  // For whoever reads the log; the caller hears the sentence alone.
  return Object.assign(unavailable('The store does not answer just now.'), { cause: error });
}

/** A call at the opening of a store: what is wrong goes to the operator, who has nothing else to read. */
export async function atOpening<Answer>(
  what: string,
  call: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    const reason = error instanceof Problem ? (error.cause ?? error) : error;
    const words = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
    throw new Error(`${what} cannot be used: ${words}`, { cause: error });
  }
}

export function unavailable(detail: string): Problem {
  return new Problem('unavailable', { detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
}

/** Runs one call; what the service could not take becomes Problem `unavailable`. */
export async function asked<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw unavailableFor(error);
  }
}

/** `undefined` for an answer that says by its name that there is no such thing. */
export async function ifThere<Answer>(
  call: () => Promise<Answer>,
  missing: readonly string[],
): Promise<Answer | undefined> {
  try {
    return await asked(call);
  } catch (error) {
    if (isNamed(error, missing)) return undefined;
    throw error;
  }
}

export function isNamed(error: unknown, names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** The socket's code, also where the SDK wrapped it, and the status of the answer. */
function particularsOf(error: Error): { readonly code: string; readonly status: number } {
  // The SDK hangs these on its errors; what is not there is undefined.
  const { code, cause, $metadata } = error as {
    readonly code?: unknown;
    readonly cause?: { readonly code?: unknown };
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return {
    code: String(code ?? cause?.code ?? ''),
    status: $metadata?.httpStatusCode ?? NO_ANSWER,
  };
}
