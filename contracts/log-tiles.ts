/**
 * A log as static files, in the form of C2SP tlog-tiles: what the tools of strangers read. The log is
 * named by its opaque id, which says nothing of the tenant.
 */
import { z } from 'zod';
import { bytesAnswer, operation } from './operation.ts';

/** A tile with 256 items never changes, and a partial one never changes either: its width is in the path. */
const IMMUTABLE = 'max-age=31536000, immutable';
/** A new checkpoint may be there after five seconds. */
const CHECKPOINT_CACHE = 'public, max-age=5';

const logId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, { error: 'must be the 32 hex digits in the origin of a checkpoint' });

/** Levels beyond 6 belong to logs of more entries than a number here can count. */
const tileLevel = z
  .string()
  .regex(/^([0-9]|[1-5][0-9]|6[0-3])$/, { error: 'must be 0 to 63, without leading zeros' });

/** `x001/x234/067` is 1234067; `.p/<W>` behind it asks for the first W items, 1 to 255. */
const tilePlace = z
  .string()
  .regex(
    /^(?!x000\/)(x[0-9]{3}\/){0,4}[0-9]{3}(\.p\/(?!25[6-9])([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-5][0-9]))?$/,
    {
      error:
        'must be the number in groups of three digits, all but the last behind an x, such as ' +
        'x001/067, and for a partial tile .p/ with its width, 1 to 255, behind it',
    },
  )
  .meta({ description: 'May hold slashes' });

export const fetchCheckpoint = operation({
  name: 'ledger.checkpoint.fetch',
  summary: 'The newest checkpoint that was published, as a signed note',
  http: {
    method: 'GET',
    path: '/log/{id}/checkpoint',
    status: 200,
    answers: 'text/plain; charset=utf-8',
    cacheControl: CHECKPOINT_CACHE,
  },
  params: z.strictObject({ id: logId }),
  output: z.string(),
  problems: ['not-found'],
  permission: 'anyone',
  audit: { kind: 'none', because: 'a root hash; it is published to be seen' },
});

export const fetchTile = operation({
  name: 'ledger.tile.fetch',
  summary: 'A hash tile: up to 256 nodes of the tree, 32 bytes each',
  http: {
    method: 'GET',
    path: '/log/{id}/tile/{level}/{+tile}',
    status: 200,
    answers: 'application/octet-stream',
    bytes: true,
    cacheControl: `public, ${IMMUTABLE}`,
  },
  params: z.strictObject({ id: logId, level: tileLevel, tile: tilePlace }),
  output: bytesAnswer,
  problems: ['not-found'],
  permission: 'anyone',
  audit: { kind: 'none', because: 'salted hashes only; no entry is readable from them' },
});

export const fetchEntries = operation({
  name: 'ledger.tile.fetch-entries',
  summary: 'An entry bundle: up to 256 entries of the caller’s own log, each behind its length',
  http: {
    method: 'GET',
    path: '/log/{id}/tile/entries/{+tile}',
    status: 200,
    answers: 'application/octet-stream',
    bytes: true,
    cacheControl: `private, ${IMMUTABLE}`,
  },
  params: z.strictObject({ id: logId, tile: tilePlace }),
  query: z.strictObject({
    /** Where the gateway goes on when a bundle is larger than a message of the bus. */
    cursor: z
      .string()
      .regex(/^[0-9]{1,3}$/)
      .optional(),
  }),
  output: bytesAnswer,
  /** `gone`: below the minimum index of the log (tlog-tiles, Pruning). */
  problems: ['not-found', 'gone'],
  permission: 'ledger:read',
  audit: { kind: 'read', action: 'ledger.entry.fetched', object: 'ledger' },
});
