/**
 * A set of key ids, in 16 bytes or so for each: a log has a key for every record that it ever heard
 * of, and a `Set` would take ten times as much.
 */
import { KEY_ID_BYTES } from '../chain/seal.ts';

const SLOTS_MIN = 1_024;

export interface KeyIds {
  /** The id is the KEY_ID_BYTES bytes from there on. */
  has(bytes: Uint8Array, at?: number): boolean;
  add(id: Uint8Array): void;
}

export function openKeyIds(): KeyIds {
  /** Two words for each slot; an empty one has zeros. Ids are random: none is zero. */
  let slots = new Uint32Array(2 * SLOTS_MIN);
  let filled = 0;

  /** Where the id stands, or the empty slot where it would. */
  function slotOf(high: number, low: number): number {
    const count = slots.length / 2;
    let slot = low % count;
    while (!isAt(slot, high, low) && !isAt(slot, 0, 0)) slot = (slot + 1) % count;
    return 2 * slot;
  }

  function isAt(slot: number, high: number, low: number): boolean {
    return slots[2 * slot] === high && slots[2 * slot + 1] === low;
  }

  function put(high: number, low: number): void {
    const at = slotOf(high, low);
    if (slots[at] !== 0 || slots[at + 1] !== 0) return;
    slots[at] = high;
    slots[at + 1] = low;
    filled += 1;
  }

  function grow(): void {
    const before = slots;
    slots = new Uint32Array(2 * before.length);
    filled = 0;
    for (let at = 0; at < before.length; at += 2) {
      const [high = 0, low = 0] = before.subarray(at, at + 2);
      if (high !== 0 || low !== 0) put(high, low);
    }
  }

  return {
    has(bytes, at = 0) {
      const [high, low] = wordsOf(bytes, at);
      const slot = slotOf(high, low);
      return (high !== 0 || low !== 0) && slots[slot] === high && slots[slot + 1] === low;
    },
    add(id) {
      // At most half full, so that a search ends after a step or two.
      if (4 * (filled + 1) > slots.length) grow();
      put(...wordsOf(id, 0));
    },
  };
}

/** By hand: a view of eight bytes takes longer to make than all that is done with them. */
function wordsOf(bytes: Uint8Array, at: number): [number, number] {
  return [wordAt(bytes, at), wordAt(bytes, at + KEY_ID_BYTES / 2)];
}

function wordAt(bytes: Uint8Array, at: number): number {
  const [one, two, three, four] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  if (one === undefined || two === undefined || three === undefined || four === undefined) {
    throw new RangeError('a key id has more bytes');
  }
  return ((one << 24) | (two << 16) | (three << 8) | four) >>> 0;
}
