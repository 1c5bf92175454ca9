/**
 * The sealed values of a block: one seal for each record, however many of its events are in the
 * block. Setting up a cipher takes several times longer than what it does for one event.
 *
 *   of the first event of a record   what seal.ts makes, of all of them: the disclosures of an event
 *                                    are joined by `~`, those of different events by `.`
 *   of every later one               key id[8] || index of the first one within the block, uint8
 *
 * A record with one event in the block has the form of seal.ts and nothing else. The additional
 * data of a common seal binds tenant, record and all of its events, in their order.
 */
import { BLOCK_ENTRIES_MAX } from '#contracts/limits.ts';
import {
  KEY_ID_BYTES,
  NONCE_BYTES,
  openDisclosures,
  openText,
  type RecordKey,
  sealDisclosures,
  sealText,
} from './seal.ts';

/** Shorter than any seal, so that the two cannot be taken for each other. */
const REFERENCE_BYTES = KEY_ID_BYTES + 1;
/** Base64url has neither this nor `~`. */
const BETWEEN_EVENTS = '.';

/** The values of one event. */
export interface EventValues {
  readonly record: string;
  readonly key: RecordKey;
  readonly eventId: string;
  readonly disclosures: readonly string[];
}

/** Sealed values in the order of the events. `nonces` are NONCE_BYTES random bytes for each of them. */
export function sealBlock(request: {
  readonly tenant: string;
  readonly events: readonly EventValues[];
  readonly nonces: Uint8Array;
}): Buffer[] {
  const { tenant, events, nonces } = request;
  if (events.length > BLOCK_ENTRIES_MAX) throw new RangeError('a block has fewer events');
  const sealed = new Array<Buffer>(events.length);
  for (const { at, first, later, laterAt } of groupsIn(events)) {
    const nonce = nonces.subarray(at * NONCE_BYTES, (at + 1) * NONCE_BYTES);
    sealed[at] = sealGroup({ tenant, nonce }, first, later);
    if (laterAt.length === 0) continue;
    const referring = reference(first.key, at);
    for (const index of laterAt) sealed[index] = referring;
  }
  return sealed;
}

/** The events of one record, and where they stand in the block. */
interface RecordEvents {
  readonly at: number;
  readonly first: EventValues;
  readonly later: EventValues[];
  readonly laterAt: number[];
}

function groupsIn(events: readonly EventValues[]): Iterable<RecordEvents> {
  const groups = new Map<string, RecordEvents>();
  for (const [index, event] of events.entries()) {
    const group = groups.get(event.record);
    if (group === undefined) {
      groups.set(event.record, { at: index, first: event, later: [], laterAt: [] });
    } else {
      group.later.push(event);
      group.laterAt.push(index);
    }
  }
  return groups.values();
}

function sealGroup(
  { tenant, nonce }: { readonly tenant: string; readonly nonce: Uint8Array },
  first: EventValues,
  later: readonly EventValues[],
): Buffer {
  const { record, key, eventId, disclosures } = first;
  if (later.length === 0) {
    return sealDisclosures({ key, nonce, subject: { tenant, eventId, record }, disclosures });
  }
  const eventIds = [eventId];
  let text = disclosures.join('~');
  for (const event of later) {
    eventIds.push(event.eventId);
    text += BETWEEN_EVENTS + event.disclosures.join('~');
  }
  return sealText({ key, nonce, bound: boundTo({ tenant, record, eventIds }), text });
}

function reference({ id }: RecordKey, first: number): Buffer {
  const bytes = Buffer.allocUnsafe(REFERENCE_BYTES);
  bytes.set(id);
  bytes[KEY_ID_BYTES] = first;
  return bytes;
}

/** Where the seal stands that holds the values of the event at this index. */
export function sealIndex(sealed: Uint8Array, index: number): number {
  return sealed.length === REFERENCE_BYTES ? (sealed[KEY_ID_BYTES] ?? index) : index;
}

/** A seal, and which events of its block it is of. */
export interface Group {
  readonly sealed: Uint8Array;
  readonly members: readonly number[];
}

/** The seal with the values of the event at this index. Throws when there is none. */
export function groupOf(block: readonly Uint8Array[], index: number): Group {
  const own = block[index];
  const first = own && sealIndex(own, index);
  const sealed = first === undefined ? undefined : block[first];
  if (sealed === undefined) throw new Error('no sealed values stand in this place');
  const members = block.flatMap((each, at) => (sealIndex(each, at) === first ? [at] : []));
  return { sealed, members };
}

/**
 * Disclosures of the events of a group, in their order. Throws when the key, the events or the bytes
 * are not those that were sealed.
 */
export function openGroup(request: {
  readonly key: RecordKey;
  readonly tenant: string;
  readonly record: string;
  readonly eventIds: readonly string[];
  readonly sealed: Uint8Array;
}): string[][] {
  const { key, tenant, record, eventIds, sealed } = request;
  const [eventId] = eventIds;
  if (eventId !== undefined && eventIds.length === 1) {
    return [openDisclosures({ key, subject: { tenant, eventId, record }, sealed })];
  }
  const text = openText({ key, bound: boundTo({ tenant, record, eventIds }), sealed });
  return text.split(BETWEEN_EVENTS).map((each) => each.split('~'));
}

function boundTo(about: {
  readonly tenant: string;
  readonly record: string;
  readonly eventIds: readonly string[];
}): Buffer {
  const { tenant, record, eventIds } = about;
  return Buffer.from(JSON.stringify(['watchdesk sealed values v2', tenant, record, ...eventIds]));
}
