/**
 * A page: what is derived from 256 entries, besides their tile, as one row.
 *
 *   value   where the entries stand, between which times, and the CRC-32 of the bytes
 *   bytes   the search filter (marks.ts), then the event ids, 16 bytes each, in order
 *
 * Event ids are UUIDv7 and so nearly ordered by time. A second, small row for 256 pages has the
 * earliest and latest time in the ids of each; a process holds all of these, and a new id is known
 * to be new without reading anything: it is later than every page.
 */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { timestamp } from '#contracts/primitives.ts';
import { FILTER_BYTES, filterOf, type Marked } from './marks.ts';
import { TILE_WIDTH } from './tiles.ts';

const ID_BYTES = 16;
/** 48 bits of milliseconds, as in the id. */
const TIME_BYTES = 6;

export const pageValue = z.strictObject({
  v: z.literal(1),
  /** Blocks that its entries stand in: number of the first entry, and of the block. */
  blocks: z.array(z.tuple([z.number().int(), z.number().int()])).min(1),
  /** Earliest and latest `at`. */
  from: timestamp,
  to: timestamp,
  crc: z.number().int(),
});

export interface Page {
  readonly value: z.infer<typeof pageValue>;
  readonly bytes: Buffer;
}

/** Milliseconds since the epoch. */
export interface IdTimes {
  readonly earliest: number;
  readonly latest: number;
}

export function makePage(
  marks: readonly Marked[],
  blocks: readonly (readonly [number, number])[],
): Page {
  const bytes = Buffer.concat([filterOf(marks), idBytes(marks.map(({ id }) => id).join(''))]);
  let from = marks[0]?.at ?? '';
  let to = from;
  for (const { at } of marks) {
    if (at < from) from = at;
    if (at > to) to = at;
  }
  const value = {
    v: 1 as const,
    blocks: blocks.map(([first, blockNo]): [number, number] => [first, blockNo]),
    from,
    to,
    crc: crc32(bytes),
  };
  return { value, bytes };
}

/** `undefined` for a row that is none, or whose bytes are not those that were written. */
export function readPage(
  row: { readonly value: unknown; readonly bytes?: Uint8Array } | undefined,
) {
  const value = pageValue.safeParse(row?.value).data;
  const bytes = Buffer.from(row?.bytes ?? []);
  return value === undefined || crc32(bytes) !== value.crc ? undefined : { value, bytes };
}

export function filterIn({ bytes }: Page): Uint8Array {
  return bytes.subarray(0, FILTER_BYTES);
}

/** The page with nothing left to be found by; `undefined` when there is nothing, or it is none. */
export function withoutFilter(row: Parameters<typeof readPage>[0]): Page | undefined {
  const page = readPage(row);
  if (page === undefined || filterIn(page).every((byte) => byte === 0)) return undefined;
  const bytes = Buffer.concat([Buffer.alloc(FILTER_BYTES), page.bytes.subarray(FILTER_BYTES)]);
  return { value: { ...page.value, crc: crc32(bytes) }, bytes };
}

/** Index within the page of the entry that has this event id; -1 when there is none. */
export function indexOfId({ bytes }: Page, id: string): number {
  const ids = bytes.subarray(FILTER_BYTES);
  const wanted = idBytes(id);
  let at = ids.indexOf(wanted);
  // Bytes that happen to lie across two ids are no id.
  while (at >= 0 && at % ID_BYTES !== 0) at = ids.indexOf(wanted, at + 1);
  return at < 0 ? -1 : at / ID_BYTES;
}

/** The same for every way to write the same UUID. */
export function idKey(id: string): string {
  return id.toLowerCase();
}

/** RFC 9562 section 5.7: the first 48 bits of a UUIDv7 are milliseconds since the epoch. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** As an id begins that has this time. */
function timeText(time: number): string {
  const digits = time.toString(16).padStart(2 * TIME_BYTES, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}

export function idTimesOf(marks: readonly Marked[]): IdTimes {
  let [earliest, latest] = [Number.POSITIVE_INFINITY, 0];
  for (const { id } of marks) {
    const time = timeOfId(id);
    if (time < earliest) earliest = time;
    if (time > latest) latest = time;
  }
  return { earliest, latest };
}

export function encodeTimes(times: readonly IdTimes[]): Buffer {
  const bytes = Buffer.alloc(times.length * 2 * TIME_BYTES);
  for (const [index, { earliest, latest }] of times.entries()) {
    bytes.writeUIntBE(earliest, index * 2 * TIME_BYTES, TIME_BYTES);
    bytes.writeUIntBE(latest, (index * 2 + 1) * TIME_BYTES, TIME_BYTES);
  }
  return bytes;
}

export function decodeTimes(bytes: Uint8Array): IdTimes[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: buffer.length / (2 * TIME_BYTES) }, (_, index) => ({
    earliest: buffer.readUIntBE(index * 2 * TIME_BYTES, TIME_BYTES),
    latest: buffer.readUIntBE((index * 2 + 1) * TIME_BYTES, TIME_BYTES),
  }));
}

/** Of one id, or of several one behind the other. */
function idBytes(ids: string): Buffer {
  return Buffer.from(ids.replaceAll('-', ''), 'hex');
}

/** Times of all pages of a log, in the order of the pages; 16 bytes for each. */
export interface PageTimes {
  add(times: IdTimes): void;
  /** Pages in which an id can be, by its `idKey`. */
  pagesWith(key: string): readonly number[];
  /** Of the pages whose row still grows. */
  readonly growing: readonly IdTimes[];
}

export function openPageTimes(first: readonly IdTimes[] = []): PageTimes {
  let count = 0;
  let earliest = new Float64Array(TILE_WIDTH);
  let latest = new Float64Array(TILE_WIDTH);
  /** Latest time in each row of pages and all before it: ascending, so that it can be searched. */
  const latestSoFar: number[] = [];
  const growing: IdTimes[] = [];
  /** The latest time as ids begin with it, and something that no id goes on with. */
  let end = '';

  function add(times: IdTimes): void {
    if (count === earliest.length) {
      earliest = doubled(earliest);
      latest = doubled(latest);
    }
    earliest[count] = times.earliest;
    latest[count] = times.latest;
    const row = Math.floor(count / TILE_WIDTH);
    const before = latestSoFar[row] ?? latestSoFar[row - 1] ?? 0;
    latestSoFar[row] = Math.max(before, times.latest);
    end = `${timeText(latestSoFar[row])}~`;
    count += 1;
    growing.push(times);
    if (growing.length === TILE_WIDTH) growing.length = 0;
  }

  for (const times of first) add(times);
  return {
    add,
    growing,
    pagesWith(key) {
      // UUIDv7 sort as texts as they do by time.
      if (key > end) return [];
      const time = timeOfId(key);
      const found: number[] = [];
      const from = firstNotBelow(latestSoFar, time) * TILE_WIDTH;
      for (let page = from; page < count; page += 1) {
        if ((earliest[page] ?? 0) <= time && time <= (latest[page] ?? 0)) found.push(page);
      }
      return found;
    },
  };
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}

/** Index of the first of ascending values that is at least `bound`; their number when none is. */
function firstNotBelow(values: readonly number[], bound: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((values[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
