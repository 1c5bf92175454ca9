import type { z } from 'zod';
import { type ProblemBody, type ProblemCode, problemBody, problems } from '#contracts/problems.ts';

interface Particulars {
  readonly detail?: string;
  readonly errors?: ProblemBody['errors'];
  readonly retryAfterSeconds?: number;
}

/**
 * An expected failure, told to the caller as RFC 9457 `application/problem+json`. Anything else that
 * is thrown is our own fault, and its text stays inside.
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly particulars: Particulars;

  constructor(code: ProblemCode, particulars: Particulars = {}) {
    super(particulars.detail ?? problems[code].title);
    this.name = 'Problem';
    this.code = code;
    this.particulars = particulars;
  }

  get status(): number {
    return problems[this.code].status;
  }

  /** The body to send. `instance` is the request's id as a URN. */
  toBody(requestId?: string): ProblemBody {
    const { detail, errors, retryAfterSeconds } = this.particulars;
    return {
      type: `urn:watchdesk:problem:${this.code}`,
      title: problems[this.code].title,
      status: this.status,
      code: this.code,
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(requestId === undefined ? {} : { instance: `urn:watchdesk:request:${requestId}` }),
    };
  }

  /** A Problem that came over the bus; throws what it was. */
  static fromBody(body: unknown): Problem {
    const parsed = problemBody.safeParse(body);
    if (!parsed.success) return new Problem('internal');
    const { code, detail, errors, retryAfterSeconds } = parsed.data;
    return new Problem(code, {
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
}

/** What zod found, as one `validation` Problem whose pointers begin with `#`. */
export function validationProblem(error: z.ZodError): Problem {
  const errors = error.issues.flatMap(meant).flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: pointerOf([...issue.path, key]),
        detail: 'is not a field here; remove it',
      }));
    }
    return [{ pointer: pointerOf(issue.path), detail: issue.message }];
  });
  const places = errors.map((each) => each.pointer).join(', ');
  return new Problem('validation', { detail: `Mend ${places} and send it again.`, errors });
}

/** What zod says of a union that has no words of its own. */
const UNION_WITHOUT_WORDS = 'Invalid input';

/**
 * A union that nothing fitted says only that. Meant was the way with the fewest faults at its own
 * level (a shape has the wrong keys, or lacks some); what is wrong further inside of it is named.
 */
function meant(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.message !== UNION_WITHOUT_WORDS) return [issue];
  const [first, ...others] = issue.errors;
  if (first === undefined) return [issue];
  const nearest = others.reduce(
    (best, each) => (faultsAtTop(each) < faultsAtTop(best) ? each : best),
    first,
  );
  return nearest.flatMap((each) => meant({ ...each, path: [...issue.path, ...each.path] }));
}

/** A text where an object is wanted is further off than an object with any wrong keys. */
const FAULT_OF_THE_WHOLE = 1_000;

function faultsAtTop(issues: readonly z.core.$ZodIssue[]): number {
  const counts = issues.map((issue) => {
    const depth = issue.path.length;
    if (issue.code === 'unrecognized_keys') return depth === 0 ? issue.keys.length : 0;
    if (depth === 0) return FAULT_OF_THE_WHOLE;
    return depth === 1 ? 1 : 0;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The Problem in a thrown value: itself, or `internal` for what nobody expected. */
export function asProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem('internal');
}

function pointerOf(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'));
  return ['#', ...steps].join('/');
}
