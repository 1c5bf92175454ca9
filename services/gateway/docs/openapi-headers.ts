import { IDEMPOTENCY_KEY_CHARS_MAX } from '#contracts/limits.ts';
import type { Http, Operation } from '#contracts/operation.ts';
import { RECEIPT_WAIT_SECONDS_MAX, takesIfMatch, takesPrefer } from '../door/headers.ts';
import type { JsonObject } from './openapi-schema.ts';

/** The request headers that an operation honours. */
export function headersOf(operation: Operation): JsonObject[] {
  return [
    ...(takesIfMatch(operation)
      ? [header('If-Match', 'The ETag of the version that the change is meant for, or *')]
      : []),
    ...(operation.versioned === true && operation.http?.method === 'GET'
      ? [header('If-None-Match', 'ETags that are known already: 304 when one is current')]
      : []),
    ...(operation.idempotent === true
      ? [
          header('Idempotency-Key', 'The same key gives the first answer again, for a day', {
            minLength: 1,
            maxLength: IDEMPOTENCY_KEY_CHARS_MAX,
          }),
        ]
      : []),
    ...(takesPrefer(operation)
      ? [
          header(
            'Prefer',
            `wait=<seconds>, at most ${RECEIPT_WAIT_SECONDS_MAX}: how long to wait for Ledger-Receipt`,
          ),
        ]
      : []),
  ];
}

/** The headers of its success. */
export function responseHeadersOf(operation: Operation, http: Http): JsonObject {
  return {
    ...(operation.versioned === true ? { ETag: text('The version, quoted') } : {}),
    ...(takesPrefer(operation)
      ? {
          'Ledger-Receipt': text(
            'Sequence number and leaf hash of the entry, when the ledger has it by now',
          ),
        }
      : {}),
    ...(http.linked === true
      ? { Link: text('rel="next": where the answer goes on; absent with its last part') }
      : {}),
    ...(http.cacheControl === undefined
      ? {}
      : { 'Cache-Control': text('How long it may be kept') }),
    ...(http.status === 303 ? { Location: text('Where it is') } : {}),
  };
}

function header(name: string, description: string, bounds: JsonObject = {}): JsonObject {
  return {
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string', ...bounds },
  };
}

function text(description: string): JsonObject {
  return { description, schema: { type: 'string' } };
}
