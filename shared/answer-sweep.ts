/**
 * Removes the answers that no repeated request can get any more (idempotency.ts). They hold what was
 * answered, and would otherwise stay for as long as the department.
 *
 * Whoever keeps an answer sets it off: a tenant is looked through at most once in SWEEP_EVERY_MS by each
 * process, beside the answer and not before it. Two that do so at a time change nothing for each other.
 */
import { LIST_ROWS_MAX, WRITE_ITEMS_MAX } from '#contracts/limits.ts';
import type { TenantId } from '#contracts/primitives.ts';
import { IDEMPOTENCY_KIND, isForgettable } from './idempotency.ts';
import type { Log } from './log.ts';
import type { Row, Tables, TenantTables } from './ports/tables.ts';

const SWEEP_EVERY_MS = 24 * 60 * 60 * 1_000;
/** Rows looked at together; each can hold a whole record. */
const CHUNK_ROWS = Math.min(WRITE_ITEMS_MAX, LIST_ROWS_MAX);
const UNAUDITED = 'an answer that nobody can ask for any more; what was done is an event';

export interface AnswerSweep extends AsyncDisposable {
  /** An answer of the tenant was kept. Waits for nothing and never throws. */
  kept(tenant: TenantId): void;
  /** Resolves when nothing is being removed. */
  idle(): Promise<void>;
}

export function openAnswerSweep(parts: {
  readonly tables: Tables;
  readonly log: Log;
  readonly clock: () => number;
}): AnswerSweep {
  const { tables, log, clock } = parts;
  const sweptAt = new Map<TenantId, number>();
  const sweeping = new Set<Promise<void>>();
  const stop = new AbortController();
  const idle = async () => {
    await Promise.all(sweeping);
  };
  return {
    kept(tenant) {
      const nowMs = clock();
      if (nowMs - (sweptAt.get(tenant) ?? -Infinity) < SWEEP_EVERY_MS) return;
      sweptAt.set(tenant, nowMs);
      const work = sweep(tables.forTenant(tenant), nowMs, stop.signal).catch((error: unknown) => {
        log.warn({ tenant, err: error }, 'old answers were not removed');
      });
      sweeping.add(work);
      void work.finally(() => sweeping.delete(work));
    },
    idle,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await idle();
    },
  };
}

async function sweep(tables: TenantTables, nowMs: number, signal: AbortSignal): Promise<void> {
  let after: string | undefined;
  do {
    const page = { kind: IDEMPOTENCY_KIND, limit: CHUNK_ROWS };
    const rows = await tables.list({ ...page, ...(after === undefined ? {} : { after }) });
    await remove(
      tables,
      rows.filter(({ value }) => isForgettable(value, nowMs)),
    );
    after = rows.length === CHUNK_ROWS ? rows.at(-1)?.id : undefined;
  } while (after !== undefined && !signal.aborted);
}

/** A key that is just being used anew is left, with those beside it, to the next sweep. */
async function remove(tables: TenantTables, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const changes = rows.map(({ kind, id, version }) => ({ remove: { kind, id }, expect: version }));
  await tables.write({ changes, events: [], unaudited: UNAUDITED });
}
