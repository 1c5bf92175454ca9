import type { DatabaseSync } from 'node:sqlite';
import type { Delivery } from '#shared/ports/queue.ts';
import type { Json } from '#shared/ports/tables.ts';

export const workSchema = `
  CREATE TABLE work (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, due INTEGER NOT NULL, tries INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'dead'))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX work_due ON work (state, due);
`;

/** The rows of a queue. `isDue` only looks; everything else runs inside of a transaction. */
export interface Work {
  add(id: string, body: string): void;
  isDue(): boolean;
  take(limit: number): readonly Delivery[];
  /** `false`, here and below: the work is no longer at this delivery. */
  finish(delivery: Delivery): boolean;
  extend(delivery: Delivery): boolean;
  giveBack(delivery: Delivery, delayMs: number): boolean;
  depth(): { readonly waiting: number; readonly leased: number; readonly dead: number };
}

export function openWork(
  db: DatabaseSync,
  settings: {
    readonly leaseMs: number;
    readonly triesMax: number;
    readonly clock: () => number;
  },
): Work {
  const { leaseMs, triesMax } = settings;
  const now = () => Math.trunc(settings.clock());
  const statements = prepare(db);
  const hasChanged = ({ changes }: { changes: number | bigint }) => Number(changes) > 0;
  return {
    add(id, body) {
      statements.add.run(id, body, now());
    },
    isDue: () => statements.isDue.get(now()) !== undefined,
    take(limit) {
      statements.bury.run(now(), triesMax);
      return statements.due.all(now(), limit).map((found) => {
        const delivery = deliveryOf(found);
        statements.lease.run(delivery.tries, now() + leaseMs, delivery.id);
        return delivery;
      });
    },
    finish: (delivery) => hasChanged(statements.finish.run(...namesOf(delivery))),
    extend: (delivery) => hasChanged(statements.extend.run(now() + leaseMs, ...namesOf(delivery))),
    giveBack(delivery, delayMs) {
      const state = delivery.tries >= triesMax ? 'dead' : 'waiting';
      const due = now() + Math.trunc(delayMs);
      return hasChanged(statements.giveBack.run(state, due, ...namesOf(delivery)));
    },
    depth() {
      const counts = statements.depth.get({ now: now(), triesMax });
      // The names are those of the statement; without any row it counts zero.
      return { ...(counts as { waiting: number; leased: number; dead: number }) };
    },
  };
}

function prepare(db: DatabaseSync) {
  // A delivery is named by its try: the row is at a later one once it was delivered again.
  const atDelivery = `WHERE id = ? AND tries = ? AND state = 'leased'`;
  return {
    add: db.prepare(
      `INSERT INTO work (id, body, due, tries, state) VALUES (?, ?, ?, 0, 'waiting')`,
    ),
    isDue: db.prepare(
      `SELECT 1 FROM work WHERE state IN ('waiting', 'leased') AND due <= ? LIMIT 1`,
    ),
    bury: db.prepare(
      `UPDATE work SET state = 'dead' WHERE state = 'leased' AND due <= ? AND tries >= ?`,
    ),
    due: db.prepare(
      `SELECT id, body, tries FROM work
       WHERE state IN ('waiting', 'leased') AND due <= ? ORDER BY due LIMIT ?`,
    ),
    lease: db.prepare(`UPDATE work SET state = 'leased', tries = ?, due = ? WHERE id = ?`),
    finish: db.prepare(`DELETE FROM work ${atDelivery}`),
    extend: db.prepare(`UPDATE work SET due = ? ${atDelivery}`),
    giveBack: db.prepare(`UPDATE work SET state = ?, due = ? ${atDelivery}`),
    depth: db.prepare(
      `SELECT
         count(*) FILTER (WHERE state = 'waiting' OR (ended AND tries < $triesMax)) AS waiting,
         count(*) FILTER (WHERE state = 'leased' AND NOT ended) AS leased,
         count(*) FILTER (WHERE state = 'dead' OR (ended AND tries >= $triesMax)) AS dead
       FROM (SELECT state, tries, state = 'leased' AND due <= $now AS ended FROM work)`,
    ),
  };
}

function deliveryOf(found: object): Delivery {
  const { id, body, tries } = found as { id: string; body: string; tries: number };
  return { id, body: JSON.parse(body) as Json, tries: tries + 1, receipt: String(tries + 1) };
}

function namesOf({ id, receipt }: Delivery): [string, number] {
  return [id, Number(receipt)];
}
