/**
 * The queue port on one SQLite file.
 *
 * 1. `send` keeps the work as a row that is due now.
 * 2. `receive` takes rows that are due: one more try, and due again when the lease ends. What had
 *    its last try already becomes a dead letter instead.
 * 3. `done` removes the row, `extend` and `retry` move the time it is due; each only while the row
 *    is still at the try that the delivery names. A crash leaves the row to be due again.
 *
 * Receivers of this process are woken by its own sends. Work that another process sent, or whose
 * time has come, is found by looking.
 */
import { randomUUIDv7 } from 'node:crypto';
import { QUEUE_BODY_BYTES_MAX } from '#contracts/limits.ts';
import type { Delivery, Queue } from '#shared/ports/queue.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { openSqlite, transaction, whenFree } from './disk/sqlite.ts';
import { openBell } from './queue-bell.ts';
import { openWork, type Work, workSchema } from './queue-work.ts';

/** How often a waiting receiver looks for what did not wake it. */
const LOOK_MS = 250;

export async function openQueue(settings: {
  readonly file: string;
  readonly leaseMs: number;
  readonly triesMax: number;
  readonly clock: () => number;
}): Promise<Queue> {
  const db = await openSqlite(settings.file, workSchema);
  const work = openWork(db, settings);
  const bell = openBell();

  /** A transaction that is on the disk before this resolves. */
  function change<Result>(run: (work: Work) => Result): Promise<Result> {
    return whenFree(db, () => transaction(db, () => run(work)));
  }

  async function takeDue(limit: number): Promise<readonly Delivery[]> {
    // A look first: a queue with nothing due is not written to four times a second.
    const isDue = await whenFree(db, () => work.isDue());
    return isDue ? change((all) => all.take(limit)) : [];
  }

  return {
    async send(body) {
      const text = bodyText(body);
      await change((all) => all.add(randomUUIDv7(), text));
      bell.ring();
    },
    async receive({ limit, waitMs }) {
      const endsAt = performance.now() + waitMs;
      for (;;) {
        const rings = bell.rings();
        const found = await takeDue(limit);
        const leftMs = endsAt - performance.now();
        if (found.length > 0 || leftMs <= 0) return found;
        await bell.wait({ since: rings, ms: Math.min(leftMs, LOOK_MS) });
        if (!db.isOpen) return [];
      }
    },
    done: (delivery) => change((all) => all.finish(delivery)),
    extend: (delivery) => change((all) => all.extend(delivery)),
    async retry(delivery, { delayMs }) {
      await change((all) => all.giveBack(delivery, delayMs));
    },
    depth: () => change((all) => all.depth()),
    async [Symbol.asyncDispose]() {
      if (db.isOpen) db.close();
      bell.ring();
    },
  };
}

function bodyText(body: Json): string {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  if (bytes <= QUEUE_BODY_BYTES_MAX) return text;
  throw new Problem('too-large', {
    detail: `Work of ${bytes} bytes is over the limit of ${QUEUE_BODY_BYTES_MAX}.`,
  });
}
