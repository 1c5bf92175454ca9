/**
 * What an answer of DynamoDB means for a write: pure, so that every mixture of reasons is tested.
 */
import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import type { RowKey } from '#shared/ports/tables.ts';
import { type Item, numberOf } from './tables-items.ts';

/** What an item of a transaction stands for; there is one for each, in their order. */
export type Part =
  | { readonly row: RowKey; readonly version: number }
  | { readonly added: RowKey }
  | { readonly dropped: RowKey }
  | { readonly event: number };

/**
 * `done`: it is written. `conflict`: an expectation does not hold. `behind`: the write must take
 * later positions than it did. `again`: the same once more. `broken`: a bug of ours.
 */
export type Verdict =
  | { readonly kind: 'done' }
  | { readonly kind: 'conflict'; readonly key: RowKey }
  | { readonly kind: 'behind'; readonly position: number }
  | { readonly kind: 'again' }
  | { readonly kind: 'broken'; readonly codes: readonly string[] };

const CONDITION = 'ConditionalCheckFailed';
/** Another transaction has the item just now, or the partition has taken all it can. */
const PASSING = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
]);
const NOTHING = new Set(['None', CONDITION, ...PASSING]);

/**
 * A cancelled transaction has done nothing. All its reasons are looked at: one that does not hold
 * decides, whatever else was in the way; then a position that is too low; then what passes by itself.
 */
export function verdictOnCancelled(
  reasons: readonly CancellationReason[],
  parts: readonly Part[],
  position: number,
): Verdict {
  const codes = reasons.map(({ Code }) => Code ?? 'None');
  const unknown = codes.filter((code) => !NOTHING.has(code));
  if (unknown.length > 0) return { kind: 'broken', codes: unknown };
  const failed = reasons.flatMap(({ Code, Item }, index) => {
    const part = parts[index];
    return Code === CONDITION && part !== undefined ? [verdictOnPart(part, Item, position)] : [];
  });
  const lost = failed.find(({ kind }) => kind === 'conflict');
  if (lost !== undefined) return lost;
  const behind = failed.flatMap((each) => (each.kind === 'behind' ? [each.position] : []));
  if (behind.length > 0) return { kind: 'behind', position: Math.max(...behind) };
  return { kind: 'again' };
}

/** The condition of this part failed; `found` is what stands there instead. */
export function verdictOnPart(part: Part, found: Item | undefined, position: number): Verdict {
  if ('added' in part) return { kind: 'conflict', key: part.added };
  // Another process has this very position: any later one will do.
  if ('event' in part) return { kind: 'behind', position: part.event };
  if ('dropped' in part) return { kind: 'broken', codes: [CONDITION] };
  const isThere = part.version > 0 && found !== undefined && numberOf(found.v) === part.version;
  if (!isThere) return { kind: 'conflict', key: part.row };
  // The version is the expected one: what failed is that this write must stand behind it.
  return { kind: 'behind', position: Math.max(position, numberOf(found.p)) };
}

/**
 * A put without a transaction whose condition failed. `mine` is the id of this write; `doubtful`
 * when an earlier try of it may have been carried out.
 */
export function verdictOnLonePut(about: {
  readonly part: Extract<Part, { row: RowKey }>;
  readonly found: Item | undefined;
  readonly position: number;
  readonly mine: Uint8Array;
  readonly doubtful: boolean;
}): Verdict | { readonly kind: 'unknown' } {
  const { part, found, position, mine, doubtful } = about;
  if (!doubtful) return verdictOnPart(part, found, position);
  const writer = found?.w?.B;
  if (writer !== undefined && Buffer.compare(writer, mine) === 0) return { kind: 'done' };
  // At the version that this write would have made, but by another: this one was never carried out.
  const version = found === undefined ? 0 : numberOf(found.v);
  if (version <= part.version + 1 && version >= part.version) {
    return verdictOnPart(part, found, position);
  }
  // It was overwritten or removed since: whether this write was before that, nobody can say.
  return { kind: 'unknown' };
}
