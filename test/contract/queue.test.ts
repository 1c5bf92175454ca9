import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test as plain } from 'vitest';
import { QUEUE_BODY_BYTES_MAX } from '#contracts/limits.ts';
import type { Delivery, Queue } from '#shared/ports/queue.ts';
import { openPlace, queueAdapters } from './adapters.ts';

const SETTINGS = { leaseMs: 30_000, triesMax: 3 };
const NOW = { limit: 10, waitMs: 0 };

/** The one delivery that must be there. */
async function take(queue: Queue): Promise<Delivery> {
  const [delivery, ...others] = await queue.receive(NOW);
  expect(others).toEqual([]);
  if (delivery === undefined) throw new Error('nothing was delivered');
  return delivery;
}

describe.each(queueAdapters)('the queue on $name', ({ open, missing, graceMs }) => {
  const test = plain.skipIf(missing);
  async function opened() {
    const place = await openPlace();
    const again = () => open(place, SETTINGS);
    return { place, queue: await again(), again };
  }

  describe('work', () => {
    test('comes as it was sent, at its first try', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      const body = { key: 'Brücke 🚒', deep: [null, { a: 1 }] };
      await queue.send(body);
      const delivery = await take(queue);
      expect(delivery).toMatchObject({ body, tries: 1 });
    });

    test('is sent to one receiver, however many ask at once', async () => {
      const { place, queue, again } = await opened();
      await using _ = place;
      const other = await again();
      for (let i = 0; i < 40; i += 1) await queue.send(i);
      const asking = Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? queue : other).receive({ limit: 7, waitMs: 0 }),
      );
      const bodies = (await Promise.all(asking)).flat().map(({ body }) => Number(body));
      expect(bodies.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    });

    test('comes at most as many at a time as asked for', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      for (let i = 0; i < 5; i += 1) await queue.send(i);
      expect(await queue.receive({ limit: 2, waitMs: 0 })).toHaveLength(2);
      expect(await queue.receive({ limit: 9, waitMs: 0 })).toHaveLength(3);
      expect(await queue.receive({ limit: 9, waitMs: 0 })).toEqual([]);
    });

    test('is there after the queue is opened again, and so is its lease', async () => {
      const { place, queue, again } = await opened();
      await using _ = place;
      await queue.send('leased');
      const leased = await take(queue);
      await queue.send('waiting');
      await queue[Symbol.asyncDispose]();
      const later = await again();
      expect(await take(later)).toMatchObject({ body: 'waiting' });
      expect(await later.done(leased)).toBe(true);
    });

    test('over the limit is too large, and at the limit is not', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      const largest = 'x'.repeat(QUEUE_BODY_BYTES_MAX - 2);
      await expect(queue.send(`${largest}x`)).rejects.toMatchObject({ code: 'too-large' });
      expect(await queue.depth()).toEqual({ waiting: 0, leased: 0, dead: 0 });
      await queue.send(largest);
      expect(await take(queue)).toMatchObject({ body: largest });
    });
  });

  describe('a lease', () => {
    test('keeps the work from others until it ends, and no longer', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('work');
      const first = await take(queue);
      await place.advance(SETTINGS.leaseMs - graceMs);
      expect(await queue.receive(NOW)).toEqual([]);
      await place.advance(graceMs);
      const second = await take(queue);
      expect(second).toMatchObject({ id: first.id, body: 'work', tries: 2 });
      expect(second.receipt).not.toBe(first.receipt);
    });

    test('is kept for another full term by extending it', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('work');
      const delivery = await take(queue);
      for (let i = 0; i < 3; i += 1) {
        await place.advance(SETTINGS.leaseMs - graceMs);
        expect(await queue.extend(delivery)).toBe(true);
      }
      await place.advance(SETTINGS.leaseMs - graceMs);
      expect(await queue.receive(NOW)).toEqual([]);
    });

    test('that is lost leaves an older delivery without a say', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('work');
      const first = await take(queue);
      await place.advance(SETTINGS.leaseMs);
      const second = await take(queue);
      expect(await queue.done(first)).toBe(false);
      expect(await queue.extend(first)).toBe(false);
      await queue.retry(first, { delayMs: 0 });
      expect(await queue.receive(NOW)).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, leased: 1, dead: 0 });
      expect(await queue.done(second)).toBe(true);
    });

    test('that ran out still ends the work while nobody else has it', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('work');
      const delivery = await take(queue);
      await place.advance(SETTINGS.leaseMs * 2);
      expect(await queue.done(delivery)).toBe(true);
      expect(await queue.receive(NOW)).toEqual([]);
    });

    test('that ran out is either kept for another term or said to be lost', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('work');
      const delivery = await take(queue);
      await place.advance(SETTINGS.leaseMs * 2);
      const isKept = await queue.extend(delivery);
      expect(await queue.receive(NOW)).toHaveLength(isKept ? 0 : 1);
    });
  });

  describe('the end of work', () => {
    test('that is done: it never comes again, and is done once', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('work');
      const delivery = await take(queue);
      expect(await queue.done(delivery)).toBe(true);
      expect(await queue.done(delivery)).toBe(false);
      await place.advance(SETTINGS.leaseMs * 2);
      expect(await queue.receive(NOW)).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, leased: 0, dead: 0 });
    });

    test('that is given back: it comes again after the delay', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('work');
      const first = await take(queue);
      await queue.retry(first, { delayMs: 20_000 });
      const { waiting, leased, dead } = await queue.depth();
      expect({ alive: waiting + leased, dead }).toEqual({ alive: 1, dead: 0 });
      expect(await queue.done(first)).toBe(false);
      await place.advance(20_000 - graceMs);
      expect(await queue.receive(NOW)).toEqual([]);
      await place.advance(graceMs);
      expect(await take(queue)).toMatchObject({ tries: 2 });
    });

    test('that is given back at its last try is a dead letter', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('work');
      for (let tries = 1; tries <= SETTINGS.triesMax; tries += 1) {
        const delivery = await take(queue);
        expect(delivery.tries).toBe(tries);
        await queue.retry(delivery, { delayMs: 0 });
      }
      expect(await queue.receive(NOW)).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, leased: 0, dead: 1 });
    });

    test('whose last lease runs out is a dead letter, which nobody can end any more', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('work');
      for (let tries = 1; tries < SETTINGS.triesMax; tries += 1) {
        await take(queue);
        await place.advance(SETTINGS.leaseMs);
      }
      const last = await take(queue);
      expect(await queue.depth()).toEqual({ waiting: 0, leased: 1, dead: 0 });
      await place.advance(SETTINGS.leaseMs);
      expect(await queue.receive(NOW)).toEqual([]);
      expect(await queue.depth()).toEqual({ waiting: 0, leased: 0, dead: 1 });
      expect(await queue.done(last)).toBe(false);
      expect(await queue.extend(last)).toBe(false);
      expect(await queue.depth()).toEqual({ waiting: 0, leased: 0, dead: 1 });
    });

    test('shows in the depth at every step', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      await queue.send('a');
      await queue.send('b');
      expect(await queue.depth()).toEqual({ waiting: 2, leased: 0, dead: 0 });
      await queue.receive({ limit: 1, waitMs: 0 });
      expect(await queue.depth()).toEqual({ waiting: 1, leased: 1, dead: 0 });
      await place.advance(SETTINGS.leaseMs);
      expect(await queue.depth()).toEqual({ waiting: 2, leased: 0, dead: 0 });
    });
  });

  describe('a receiver that waits', () => {
    test('gets what is sent meanwhile at once', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      const waits: number[] = [];
      for (let i = 0; i < 5; i += 1) {
        const receiving = queue.receive({ limit: 1, waitMs: 10_000 });
        await sleep(5);
        const sentAt = performance.now();
        await queue.send(i);
        expect(await receiving).toMatchObject([{ body: i }]);
        waits.push(performance.now() - sentAt);
      }
      // A busy machine may be late; a receiver that only looks now and then is late every time.
      expect(Math.min(...waits)).toBeLessThan(250);
    });

    test('gets what another handle sends, and what comes due', async () => {
      const { place, queue, again } = await opened();
      await using _ = place;
      const other = await again();
      const receiving = queue.receive({ limit: 1, waitMs: 10_000 });
      await other.send('work');
      const [delivery] = await receiving;
      expect(delivery).toMatchObject({ body: 'work' });
      const waiting = queue.receive({ limit: 1, waitMs: 10_000 });
      await sleep(5);
      await place.advance(SETTINGS.leaseMs);
      expect(await waiting).toMatchObject([{ body: 'work', tries: 2 }]);
    });

    test('gets nothing when nothing comes in its time', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      const startedAt = performance.now();
      expect(await queue.receive({ limit: 1, waitMs: 50 })).toEqual([]);
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(45);
    });

    test('gets nothing when the queue is closed, which then refuses', async () => {
      const { place, queue } = await opened();
      await using _ = place;
      const receiving = queue.receive({ limit: 1, waitMs: 10_000 });
      await sleep(5);
      await queue[Symbol.asyncDispose]();
      expect(await receiving).toEqual([]);
      await expect(queue.send('late')).rejects.toMatchObject({ code: 'unavailable' });
      await expect(queue.receive(NOW)).rejects.toMatchObject({ code: 'unavailable' });
    });
  });
});
