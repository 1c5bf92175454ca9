/**
 * Carries audit events from a service's outbox to the ledger.
 *
 * 1. Read the oldest events, in order.
 * 2. Group them by tenant; the order inside a tenant stays.
 * 3. Append each group, tenants side by side. Appending is exactly once by event id, so a repeat
 *    after a crash between 3 and 4 changes nothing.
 * 4. Forget what the ledger has. Wake whoever waits for a receipt.
 *
 * A tenant whose append fails keeps its events and is tried again; other tenants go on. Outages are
 * alarmed and leave a mark in the chain (outages.ts).
 */
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { ServiceName } from '#contracts/caller.ts';
import type { LedgerReceipt } from '#contracts/envelope.ts';
import { appendEvents } from '#contracts/ledger.ts';
import {
  BLOCK_ENTRIES_MAX,
  BUS_MESSAGE_BYTES_MAX,
  OUTBOX_AGE_MS_MAX,
  OUTBOX_EVENTS_MAX,
} from '#contracts/limits.ts';
import type { TenantId } from '#contracts/primitives.ts';
import { type Client, jobCaller } from './client.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { type Outages, openOutages } from './outages.ts';
import type { OutboxEvent, Tables } from './ports/tables.ts';
import { Problem } from './problem.ts';

/** Rows read in one round. */
const ROUND_EVENTS_MAX = 1_024;
/** Half of a bus message: the rest is room for the envelope. */
const BATCH_BYTES_MAX = BUS_MESSAGE_BYTES_MAX / 2;
/** The outbox is looked at this often even when nobody says that there is something. */
const IDLE_MS = 1_000;
/**
 * After a round, unless somebody waits for a receipt: under load an append then carries what came in
 * meanwhile, and its signature, check and commit are shared.
 */
const ROUND_REST_MS = 10;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 5_000;
/** Receipts kept for replies that are not ready yet. */
const RECEIPTS_KEPT_MAX = 1_024;

export interface Relay extends AsyncDisposable {
  /** Throws Problem `ledger-behind` when changes must wait until the ledger has caught up. */
  assertRoom(): void;
  /** There is something new. */
  kick(events: readonly AuditEvent[]): void;
  /** The receipt of a recent event, if the ledger has it or will have it within the time. */
  receipt(eventId: string, waitMs: number): Promise<LedgerReceipt | undefined>;
}

interface RelayParts {
  readonly service: ServiceName;
  readonly tables: Tables;
  readonly client: Client;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: () => number;
}

export async function openRelay(parts: RelayParts): Promise<Relay> {
  const receipts = openReceipts();
  const doorbell = openDoorbell();
  const outages = openOutages(parts);
  let depth = await parts.tables.outboxDepth();
  let stopping = false;

  const measure = async () => {
    depth = await parts.tables.outboxDepth();
    const oldest = depth.oldestAt === undefined ? 0 : parts.clock() - depth.oldestAt;
    parts.metrics.outboxDepth(parts.service, depth.events, oldest / 1000);
  };
  const running = run();

  /** True when something waits that could not be appended. */
  async function pass(): Promise<boolean> {
    const stuck = new Set<TenantId>();
    const isRead = await round({ ...parts, receipts, outages }, stuck).catch((error: unknown) => {
      parts.log.error({ err: error }, 'the outbox could not be read');
      return false;
    });
    await outages.passDone({ isRead, stuck }).catch((error: unknown) => {
      parts.log.error({ err: error }, 'an outage of the ledger could not be recorded');
    });
    return !isRead || stuck.size > 0;
  }

  async function run(): Promise<void> {
    let retryMs = RETRY_MS_MIN;
    while (!stopping) {
      doorbell.answer();
      const failed = await pass();
      await measure().catch((error: unknown) => {
        parts.log.error({ err: error }, 'the outbox could not be measured');
      });
      retryMs = failed ? Math.min(retryMs * 2, RETRY_MS_MAX) : RETRY_MS_MIN;
      if (failed) {
        // A failing ledger is not hammered by every new change.
        await doorbell.wait(retryMs, []);
        continue;
      }
      await doorbell.wait(ROUND_REST_MS, ['awaited']);
      await doorbell.wait(IDLE_MS, ['new', 'awaited']);
    }
  }

  return {
    assertRoom() {
      const age = depth.oldestAt === undefined ? 0 : parts.clock() - depth.oldestAt;
      if (depth.events < OUTBOX_EVENTS_MAX && age < OUTBOX_AGE_MS_MAX) return;
      throw new Problem('ledger-behind', {
        detail: 'The audit of earlier changes has not reached the ledger yet. Try again soon.',
        retryAfterSeconds: 5,
      });
    },
    kick(events) {
      depth = {
        events: depth.events + events.length,
        oldestAt: depth.oldestAt ?? parts.clock(),
      };
      doorbell.ring('new');
    },
    receipt(eventId, waitMs) {
      if (waitMs > 0) doorbell.ring('awaited');
      return receipts.wait(eventId, waitMs);
    },
    async [Symbol.asyncDispose]() {
      stopping = true;
      doorbell.close();
      await running;
    },
  };
}

interface Sending extends RelayParts {
  readonly receipts: Receipts;
  readonly outages: Outages;
}

/** One pass over the outbox. Puts the tenants into `stuck` whose events could not be appended. */
async function round(parts: Sending, stuck: Set<TenantId>): Promise<true> {
  const since = parts.clock();
  let after = 0;
  for (;;) {
    const rows = await parts.tables.outbox({ after, limit: ROUND_EVENTS_MAX });
    const last = rows.at(-1);
    if (last === undefined) return true;
    after = last.position;
    const groups = Map.groupBy(rows, ({ event }) => event.tenant);
    const sends = [...groups].map(async ([tenant, events]) => {
      // A tenant that failed earlier in this pass: later events must not overtake.
      if (stuck.has(tenant) || (await sendGroup(parts, tenant, events))) return;
      parts.outages.failed(tenant, since);
      stuck.add(tenant);
    });
    await Promise.all(sends);
    if (rows.length < ROUND_EVENTS_MAX) return true;
  }
}

async function sendGroup(
  parts: Sending,
  tenant: TenantId,
  events: readonly OutboxEvent[],
): Promise<boolean> {
  const { service, client, tables, log, metrics, receipts, outages } = parts;
  try {
    for (const batch of batchesOf(events)) {
      const body = { events: batch.map(({ event }) => event) };
      const answer = await client.call(appendEvents, { body }, jobCaller(service, { tenant }));
      for (const { id, status, seq, leafHash } of answer.body.results) {
        receipts.add(id, { seq, leafHash });
        if (status !== 'conflict') continue;
        // The ledger keeps the conflict on record; sending the event again would not mend it.
        metrics.alarm('ledger-conflict');
        log.error({ tenant, eventId: id, seq }, 'the ledger has another event with this id');
      }
      await tables.outboxDone(batch.map(({ position }) => position));
      outages.appended(tenant, batch.length);
    }
    return true;
  } catch (error) {
    const code = error instanceof Problem ? error.code : undefined;
    log.warn({ tenant, code, err: code ? undefined : error }, 'events could not be appended');
    return false;
  }
}

function batchesOf(events: readonly OutboxEvent[]): OutboxEvent[][] {
  const batches: OutboxEvent[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of events) {
    const size = Buffer.byteLength(JSON.stringify(row.event));
    const full = (batches.at(-1)?.length ?? 0) >= BLOCK_ENTRIES_MAX;
    if (full || bytes + size > BATCH_BYTES_MAX) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(row);
    bytes += size;
  }
  return batches;
}

interface Receipts {
  add(eventId: string, receipt: LedgerReceipt): void;
  wait(eventId: string, waitMs: number): Promise<LedgerReceipt | undefined>;
}

/** The last receipts, and those who wait for one. */
function openReceipts(): Receipts {
  const recent = new Map<string, LedgerReceipt>();
  const waiters = new Map<string, (receipt: LedgerReceipt) => void>();
  return {
    add(eventId, receipt) {
      recent.set(eventId, receipt);
      const [oldest] = recent.keys();
      if (recent.size > RECEIPTS_KEPT_MAX && oldest !== undefined) recent.delete(oldest);
      waiters.get(eventId)?.(receipt);
    },
    wait(eventId, waitMs) {
      const known = recent.get(eventId);
      if (known !== undefined || waitMs <= 0) return Promise.resolve(known);
      return new Promise((resolve) => {
        const finish = (receipt?: LedgerReceipt) => {
          clearTimeout(timer);
          waiters.delete(eventId);
          resolve(receipt);
        };
        const timer = setTimeout(finish, waitMs);
        waiters.set(eventId, finish);
      });
    },
  };
}

/** `new`: there is an event. `awaited`: and somebody waits for its receipt. */
type Ring = 'new' | 'awaited';

/** Waits that end when the time is over or somebody rings; a ring between two waits is kept. */
function openDoorbell() {
  const rung = new Set<Ring>();
  let waiting: { readonly ends: readonly Ring[]; readonly end: () => void } | undefined;
  let closed = false;
  return {
    ring(ring: Ring) {
      rung.add(ring);
      if (waiting?.ends.includes(ring)) waiting.end();
    },
    /** What rang so far is being seen to. */
    answer: () => rung.clear(),
    /** Ends the wait in any case, and those to come. */
    close() {
      closed = true;
      waiting?.end();
    },
    /** Without a ring that ends it only the time counts. */
    async wait(ms: number, ends: readonly Ring[]): Promise<void> {
      if (closed || ends.some((ring) => rung.has(ring))) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        const end = () => {
          clearTimeout(timer);
          resolve();
        };
        waiting = { ends, end };
      });
      waiting = undefined;
    },
  };
}
