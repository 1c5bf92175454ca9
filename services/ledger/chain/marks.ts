/**
 * What an entry can be found by, and the filter that tells of a whole page whether to look into it.
 *
 * The filter is a Bloom filter over the marks of its 256 entries: it never denies a mark that is
 * there, and rarely affirms one that is not. One small row in a page of 256 entries is all that
 * search costs an append, where exact lists would cost several rows an entry.
 */
import { hash } from 'node:crypto';
import type { LedgerEntry } from '#contracts/ledger.ts';

/** 8,192 bits for some hundred different marks: fewer than 3 in 100 false hits. */
export const FILTER_BYTES = 1_024;
const FILTER_BITS = FILTER_BYTES * 8;
const PROBES = 4;
/** Hexadecimal digits of the hash that one probe uses. */
const PROBE_DIGITS = 4;

/** Filters of a search; an absent one matches everything. */
export interface Question {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly objectType?: string | undefined;
  readonly objectId?: string | undefined;
  readonly outcome?: string | undefined;
  /** Network address that the actor came from. */
  readonly address?: string | undefined;
  /** ISO, UTC: `at` from here on, and before there. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export type Marked = Pick<LedgerEntry, 'id' | 'at' | 'actor' | 'action' | 'object' | 'outcome'>;

export function matches(entry: Marked, question: Question): boolean {
  const { from, to, actor, action, objectType, objectId, outcome, address } = question;
  return (
    (actor === undefined || entry.actor.id === actor) &&
    (action === undefined || entry.action === action) &&
    (objectType === undefined || entry.object.type === objectType) &&
    (objectId === undefined || entry.object.id === objectId) &&
    (outcome === undefined || entry.outcome === outcome) &&
    (address === undefined || entry.actor.address === address) &&
    (from === undefined || entry.at >= from) &&
    (to === undefined || entry.at < to)
  );
}

export function filterOf(entries: readonly Marked[]): Uint8Array {
  const filter = new Uint8Array(FILTER_BYTES);
  for (const mark of marksIn(entries)) {
    for (const bit of bitsOf(mark)) setBit(filter, bit);
  }
  return filter;
}

/** False when no entry of the page can match. */
export function mayHold(filter: Uint8Array, question: Question): boolean {
  return questionMarks(question).every((mark) => bitsOf(mark).every((bit) => hasBit(filter, bit)));
}

/** Each mark once: the entries of a page have most of theirs in common. */
function marksIn(entries: readonly Marked[]): string[] {
  const values = {
    actor: new Set<string>(),
    action: new Set<string>(),
    type: new Set<string>(),
    object: new Set<string>(),
    outcome: new Set<string>(),
    address: new Set<string>(),
  };
  for (const { actor, action, object, outcome } of entries) {
    values.actor.add(actor.id);
    values.action.add(action);
    values.type.add(object.type);
    values.object.add(object.id);
    values.outcome.add(outcome);
    if (actor.address !== undefined) values.address.add(actor.address);
  }
  return Object.entries(values).flatMap(([name, all]) =>
    Array.from(all, (value) => `${name} ${value}`),
  );
}

function questionMarks({ objectType, objectId, ...question }: Question): string[] {
  const { actor, action, outcome, address } = question;
  const named = { actor, action, type: objectType, object: objectId, outcome, address };
  return Object.entries(named)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
}

function bitsOf(mark: string): number[] {
  const digest = hash('sha256', mark, 'hex');
  return Array.from({ length: PROBES }, (_, probe) => {
    const digits = digest.slice(probe * PROBE_DIGITS, (probe + 1) * PROBE_DIGITS);
    return Number.parseInt(digits, 16) % FILTER_BITS;
  });
}

function setBit(filter: Uint8Array, bit: number): void {
  const at = bit >> 3;
  filter[at] = (filter[at] ?? 0) | (1 << (bit & 7));
}

function hasBit(filter: Uint8Array, bit: number): boolean {
  return ((filter[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}
