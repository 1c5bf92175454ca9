/**
 * What becomes of offered events: exactly once by id. Nothing in here reads or writes.
 *
 * - An id that nobody has used: the event is appended.
 * - An id whose entry has the same content: the first receipt again. Of an entry that a purge has
 *   removed only the id is left, and that counts as the same.
 * - An id whose entry has other content: a conflict. It is not appended; an entry that tells of it
 *   is, once for each pair of id and other content, however often the pair comes back.
 *
 * Contents are compared whole, as canonical text in which digests stand for the disclosures. A
 * repeat with other salts is other content.
 */
import { hash } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { BLOCK_BYTES_MAX, BLOCK_ENTRIES_MAX } from '#contracts/limits.ts';
import { sealedBytes } from './block.ts';
import { type ContentText, eventText } from './entry.ts';
import { idKey } from './page.ts';
import { sealedLength, sealedUnder } from './seal.ts';

export interface Offered {
  readonly event: AuditEvent;
  /** Its id as the log knows it (`idKey`). */
  readonly key: string;
  /** Name of the key that seals its values. */
  readonly record: string;
  readonly content: ContentText;
  /** Bytes of a block that it takes at most, before packing. */
  readonly bytes: number;
}

/** An entry that is in the log already. */
export interface Known {
  readonly seq: number;
  readonly leafHash: string;
  /** Absent for an entry that a purge has removed: what it said cannot be compared any more. */
  readonly identity: string | undefined;
}

/** Where the receipt comes from: an entry of the log, or one of those appended now. */
export type Standing = { readonly known: Known } | { readonly index: number };

export interface Verdict {
  readonly status: 'appended' | 'repeated' | 'conflict';
  readonly standing: Standing;
  /** How many entries are to be appended for this event and those before it. */
  readonly entriesAfter: number;
}

export interface Decision {
  /** To be appended, in this order. */
  readonly entries: readonly Offered[];
  /** One for each offered event. */
  readonly verdicts: readonly Verdict[];
  /** Ids of those entries that tell of conflicts, which nobody has offered. */
  readonly telling: readonly string[];
}

export function offer(event: AuditEvent): Offered {
  const content = eventText(event);
  return {
    event,
    key: idKey(event.id),
    record: sealedUnder(event),
    content,
    bytes: content.entryBytes + sealedBytes(sealedLength(event.disclosures)),
  };
}

/** How many of them, from the front, one block can take; at least one. */
export function fitting(offered: readonly Offered[]): number {
  let bytes = 0;
  let fit = 0;
  for (const each of offered.slice(0, BLOCK_ENTRIES_MAX)) {
    bytes += each.bytes;
    if (fit > 0 && bytes > BLOCK_BYTES_MAX) break;
    fit += 1;
  }
  return fit;
}

/**
 * `known` has, by `idKey`, every offered id that stands in the log. Where the decision is telling of
 * conflicts the log may have done so before: those ids have to be looked up too, for another one.
 */
export function decide(request: {
  readonly offered: readonly Offered[];
  readonly known: ReadonlyMap<string, Known>;
  /** ISO time and a fresh salt for entries that tell of conflicts. */
  readonly now: string;
  readonly salt: () => string;
}): Decision {
  const { offered, known, now, salt } = request;
  const entries: Offered[] = [];
  const telling: string[] = [];
  const indexes = new Map<string, number>();
  const add = (each: Offered): Standing => {
    indexes.set(each.key, entries.length);
    return { index: entries.push(each) - 1 };
  };
  const verdicts = offered.map((each): Verdict => {
    const before = standingOf(each.key, known, indexes);
    if (before === undefined) {
      return { status: 'appended', standing: add(each), entriesAfter: entries.length };
    }
    const identity =
      'known' in before ? before.known.identity : entries[before.index]?.content.identity;
    if (identity === undefined || identity === each.content.identity) {
      return { status: 'repeated', standing: before, entriesAfter: entries.length };
    }
    const id = conflictId(each.event, each.content.identity);
    if (standingOf(idKey(id), known, indexes) === undefined) {
      telling.push(id);
      add(offer(conflictEvent({ id, offered: each, now, salt: salt() })));
    }
    return { status: 'conflict', standing: before, entriesAfter: entries.length };
  });
  return { entries, verdicts, telling };
}

function standingOf(
  key: string,
  known: ReadonlyMap<string, Known>,
  indexes: ReadonlyMap<string, number>,
): Standing | undefined {
  const entry = known.get(key);
  if (entry !== undefined) return { known: entry };
  const index = indexes.get(key);
  return index === undefined ? undefined : { index };
}

/**
 * A UUIDv7 made from the pair: the time of the offered id, and bits of a hash over both. The pair
 * has one id for ever, so that exactly once by id holds for the entry about it too.
 */
function conflictId({ id }: AuditEvent, identity: string): string {
  const digest = hash('sha256', `ledger.event.conflicted\n${id}\n${identity}`, 'hex');
  const time = id.slice(0, 13).toLowerCase();
  const variant = ((Number.parseInt(digest.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${time}-7${digest.slice(0, 3)}-${variant}${digest.slice(4, 7)}-${digest.slice(7, 19)}`;
}

/** Tells that another event came under an id that is taken, and commits to what it said. */
function conflictEvent(about: {
  readonly id: string;
  readonly offered: Offered;
  readonly now: string;
  readonly salt: string;
}): AuditEvent {
  const { id, now, salt } = about;
  const { event, content } = about.offered;
  const disclosed = [salt, 'offered', { contentSha256: hash('sha256', content.identity, 'hex') }];
  return {
    id,
    tenant: event.tenant,
    at: now,
    actor: { type: 'service', id: 'ledger' },
    action: 'ledger.event.conflicted',
    object: { type: 'event', id: event.id },
    outcome: 'failure',
    reason: 'another event has this id',
    requestId: event.requestId,
    disclosures: [Buffer.from(JSON.stringify(disclosed)).toString('base64url')],
  };
}
