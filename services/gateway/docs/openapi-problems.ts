import { commonProblems, type Operation } from '#contracts/operation.ts';
import { type ProblemCode, problems } from '#contracts/problems.ts';
import type { JsonObject } from './openapi-schema.ts';

/** Every failed answer, one for each status, with the codes that it can have. */
export function problemComponents(): JsonObject {
  return Object.fromEntries(
    statusesOf(Object.keys(problems) as ProblemCode[]).map(([status, codes]) => [
      `Problem${status}`,
      {
        description: codes.map((code) => `\`${code}\`: ${problems[code].title}`).join('; '),
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    ]),
  );
}

/** The failed answers of an operation, by status. */
export function problemResponses(operation: Operation): JsonObject {
  return Object.fromEntries(
    statusesOf(problemsOf(operation)).map(([status]) => [
      status,
      { $ref: `#/components/responses/Problem${status}` },
    ]),
  );
}

/** All codes that an operation can answer with: its own, those of the guard, those of the door. */
export function problemsOf({ http, hasBody, problems: own }: Operation): readonly ProblemCode[] {
  const codes: ProblemCode[] = [
    ...commonProblems,
    ...own,
    'misdirected-host',
    'headers-too-large',
    ...(http?.method === 'GET' ? [] : (['origin-mismatch'] as const)),
    ...(hasBody
      ? (['malformed-json', 'too-large', 'unsupported-media-type', 'request-timeout'] as const)
      : []),
  ];
  return [...new Set(codes)].toSorted();
}

function statusesOf(codes: readonly ProblemCode[]) {
  const byStatus = Map.groupBy(codes, (code) => problems[code].status);
  return [...byStatus].toSorted(([left], [right]) => left - right);
}
