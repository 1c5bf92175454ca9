/**
 * The second place of checkpoints: a write-once store that whoever can change the tables should not
 * be able to change.
 *
 *   <opaque id>/<size, 16 digits>         the note that was signed for this size; the only one
 *   <opaque id>/n/<number, 16 digits>     the same note as the number-th that was published
 *   <opaque id>/d/<YYYY-MM-DD>            the newest note on that day (daily.ts)
 *   <opaque id>/t/<YYYY-MM-DD>            a timestamp of the note of that day (timestamps.ts)
 *
 * The store cannot be listed. The numbers have no gap, so that the newest note is found by asking
 * for few of them, and the tail of a log cannot be cut without a number showing it.
 */
import { arrayBuffer, text } from 'node:stream/consumers';
import type { Blobs } from '#shared/ports/blobs.ts';
import { numberId } from '../log/store.ts';

export interface SecondPlace {
  /**
   * Publishes the note of a size. Answers the note that stands there afterwards: another one than
   * the given when that size had been published before.
   */
  publish(size: number, note: string): Promise<string>;
  /** The newest notes, newest first. */
  newest(notesMax: number): Promise<string[]>;
  noteOf(size: number): Promise<string | undefined>;
  /** The first note of a day stays. */
  publishDay(day: string, note: string): Promise<void>;
  noteOfDay(day: string): Promise<string | undefined>;
  /** The first timestamp of a day stays. */
  publishTimestamp(day: string, token: Uint8Array): Promise<void>;
  timestampOfDay(day: string): Promise<Uint8Array | undefined>;
}

export function openSecondPlace(blobs: Blobs, opaqueId: string): SecondPlace {
  const sizeKey = (size: number) => `${opaqueId}/${numberId(size)}`;
  const numberKey = (number: number) => `${opaqueId}/n/${numberId(number)}`;
  const dayKey = (day: string) => `${opaqueId}/d/${day}`;
  const timestampKey = (day: string) => `${opaqueId}/t/${day}`;
  const isTaken = async (number: number) => (await blobs.head(numberKey(number))) !== undefined;
  /** Numbers below this one are taken. */
  let taken = 0;

  async function read(key: string): Promise<string | undefined> {
    const stream = await blobs.get(key);
    return stream && text(stream);
  }

  return {
    async publish(size, note) {
      const isNew = (await blobs.put(sizeKey(size), Buffer.from(note))) === 'stored';
      const standing = isNew ? note : ((await read(sizeKey(size))) ?? '');
      taken = await firstFree(isTaken, taken);
      // Published before, or only half when a crash came between.
      if (!isNew && taken > 0 && (await read(numberKey(taken - 1))) === standing) return standing;
      while ((await blobs.put(numberKey(taken), Buffer.from(standing))) === 'exists') taken += 1;
      taken += 1;
      return standing;
    },
    async newest(notesMax) {
      taken = await firstFree(isTaken, taken);
      const count = Math.min(notesMax, taken);
      const keys = Array.from({ length: count }, (_, index) => numberKey(taken - 1 - index));
      const notes = await Promise.all(keys.map(read));
      return notes.map((note) => note ?? '');
    },
    noteOf: (size) => read(sizeKey(size)),
    async publishDay(day, note) {
      await blobs.put(dayKey(day), Buffer.from(note));
    },
    noteOfDay: (day) => read(dayKey(day)),
    async publishTimestamp(day, token) {
      await blobs.put(timestampKey(day), token);
    },
    async timestampOfDay(day) {
      const stream = await blobs.get(timestampKey(day));
      return stream && new Uint8Array(await arrayBuffer(stream));
    },
  };
}

/** The least number from `from` on that is not taken, when those below it are all taken. */
export async function firstFree(
  isTaken: (number: number) => Promise<boolean>,
  from: number,
): Promise<number> {
  if (!(await isTaken(from))) return from;
  let [low, step] = [from, 1];
  while (await isTaken(low + step)) {
    low += step;
    step *= 2;
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (await isTaken(middle)) low = middle;
    else high = middle;
  }
  return high;
}
