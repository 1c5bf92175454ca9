/** The row in which the verification that runs by itself keeps its place in one log. */
import { z } from 'zod';
import { type VerificationStatus, verificationStatus } from '#contracts/ledger.ts';
import { sha256Hex } from '#contracts/primitives.ts';
import type { Json, TenantTables } from '#shared/ports/tables.ts';
import type { Position } from '../chain/inspect.ts';
import type { Progress } from '../chain/verify.ts';
import { UNAUDITED } from '../log/store.ts';

const KEY = { kind: 'patrol', id: 'state' };
/** Enough to see what happened; a verification on demand names all. */
const BREAKS_KEPT_MAX = 100;

const count = z.number().int().nonnegative();

/** A `Position`, in JSON. */
const place = z.strictObject({
  blockNo: count,
  size: count,
  edge: z.array(sha256Hex).optional(),
  leaf: sha256Hex.optional(),
  blockHash: sha256Hex.optional(),
});

const stateRow = z.strictObject({
  v: z.literal(1),
  status: verificationStatus,
  /** Where the pass under way stands. */
  place: place.optional(),
});

export type Pass = NonNullable<VerificationStatus['pass']>;
export type LastPass = NonNullable<VerificationStatus['last']>;

export interface PatrolState {
  /** Version of the row; 0 when there is none. */
  readonly version: number;
  readonly status: VerificationStatus;
  readonly at: Position | undefined;
}

/** A row that cannot be read is as good as none: the pass begins again at the first entry. */
export async function readState(tables: TenantTables): Promise<PatrolState> {
  const row = await tables.get(KEY);
  const parsed = stateRow.safeParse(row?.value).data;
  const at = parsed?.place && positionOf(parsed.place);
  return { version: row?.version ?? 0, status: parsed?.status ?? {}, at };
}

/** False when another process has written it since it was read. */
export async function writeState(tables: TenantTables, state: PatrolState): Promise<boolean> {
  const { version, status, at } = state;
  const value = { v: 1, status, ...(at === undefined ? {} : { place: placeOf(at) }) };
  const result = await tables.write({
    // JSON by its schema: optional fields that are not there are dropped.
    changes: [{ put: { ...KEY, value: value as unknown as Json }, expect: version }],
    events: [],
    unaudited: UNAUDITED,
  });
  return result.ok;
}

export function passOf(startedAt: string, { at, checkedEntries, breaks }: Progress): Pass {
  const kept = breaks.slice(0, BREAKS_KEPT_MAX);
  return { startedAt, position: at.size, checkedEntries, breaks: kept };
}

export function lastPassOf(startedAt: string, end: Omit<LastPass, 'startedAt'>): LastPass {
  return { ...end, startedAt, breaks: end.breaks.slice(0, BREAKS_KEPT_MAX) };
}

function placeOf({ edge, ...rest }: Position): z.infer<typeof place> {
  const hashes = edge?.hashes.map((hash) => hash.toString('hex'));
  return { ...rest, ...(hashes === undefined ? {} : { edge: hashes }) };
}

function positionOf({ edge, ...rest }: z.infer<typeof place>): Position {
  const hashes = edge?.map((hex) => Buffer.from(hex, 'hex'));
  return {
    blockNo: rest.blockNo,
    size: rest.size,
    leaf: rest.leaf,
    blockHash: rest.blockHash,
    edge: hashes && { size: rest.size, hashes },
  };
}
