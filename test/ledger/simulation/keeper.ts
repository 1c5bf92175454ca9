/**
 * Whoever removes: orders that values of a record be forgotten, purges of the oldest entries, and the
 * removal that follows those. Asked of any process, as the senders ask, and again until there is an
 * answer: one that was carried out and whose answer was lost comes back with the same event.
 */
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Receipt } from '#services/ledger/append/writer.ts';
import { type Boundary, LOG_PURGED, purgeText } from '#services/ledger/chain/boundary.ts';
import { RECORD_DESTROYED, recordOf } from '#services/ledger/chain/seal.ts';
import type { Log } from '#services/ledger/log/log.ts';
import { readBoundary } from '#services/ledger/log/store.ts';
import { boundaryAt } from '#services/ledger/retention/prefix.ts';
import { removePrefix } from '#services/ledger/retention/removal.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import type { Process } from './calls.ts';
import type { Random } from './random.ts';
import { type Acknowledged, eventOf } from './senders.ts';

/** A process whose log is open. */
export interface Keeping {
  readonly process: Process;
  readonly log: Log;
  readonly tables: TenantTables;
}

export interface Keeper {
  /** Asks for something more, or again for what has no answer yet. */
  act(at: Keeping): void;
  /** Brings to its end what was begun. */
  finish(at: Keeping): Promise<void>;
}

interface Order {
  readonly ask: (at: Keeping) => Promise<Acknowledged>;
}

export interface KeeperParts {
  readonly tenant: string;
  readonly random: Random;
  readonly clock: () => number;
  /** Behind these a page and a block end together: what stands before them can be purged. */
  readonly purgeable: readonly number[];
  readonly acknowledged: Acknowledged[];
  readonly refuse: (error: unknown) => void;
}

export function openKeeper(parts: KeeperParts): Keeper {
  const { random, acknowledged, refuse } = parts;
  let open: Order | undefined;
  let asked: Process | undefined;

  async function ask(order: Order, at: Keeping): Promise<void> {
    asked = at.process;
    try {
      acknowledged.push(await order.ask(at));
      if (open === order) open = undefined;
    } catch (error) {
      // There is nothing to remove, or another order was faster.
      if (error instanceof Problem && error.code === 'conflict') open = undefined;
      refuse(error);
    }
    if (asked === at.process) asked = undefined;
  }

  return {
    act(at) {
      const kind = random.below(3);
      if (kind === 0) {
        void removeAll(at).catch(refuse);
        return;
      }
      if (asked?.alive) return;
      open ??= kind === 1 ? expungement(parts) : purge(parts);
      if (open !== undefined) void ask(open, at);
    },
    async finish(at) {
      if (open !== undefined) await ask(open, at);
      // A run whose answer is lost is one that the next one goes on from.
      for (let runs = 0; runs < REMOVAL_RUNS_MAX; runs += 1) {
        if (await removeAll(at).catch(() => false)) return;
      }
      throw new Error('the removal does not come to its end');
    },
  };
}

/** More than one removal has writes. */
const REMOVAL_RUNS_MAX = 40;

/** `true` when nothing before the boundary is left. */
async function removeAll({ process, tables }: Keeping): Promise<boolean> {
  const boundary = await readBoundary(tables);
  if (boundary === undefined) return true;
  return removePrefix({ tables, boundary, mayGoOn: async () => process.alive });
}

/** Of a record that was acknowledged; `undefined` when there is none. */
function expungement({ random, tenant, clock, acknowledged }: KeeperParts): Order | undefined {
  const records = acknowledged.filter(({ event }) => event.object.type === 'incident');
  const { event: about } = random.pick(records) ?? {};
  if (about === undefined) return undefined;
  const made = eventOf({ record: about.object.id, tenant, version: 1, random, at: clock() });
  const object = { type: about.object.type, id: about.object.id };
  const event: AuditEvent = { ...made, action: RECORD_DESTROYED, object };
  const record = recordOf(event);
  return {
    async ask({ log }) {
      return { event, receipt: await log.expunge({ event, record, beside: async () => [] }) };
    },
  };
}

interface Purging {
  readonly event: AuditEvent;
  readonly boundary: Omit<Boundary, 'fact'>;
}

/** Of the next page that can go. What it takes is decided once, however often it is asked for. */
function purge(parts: KeeperParts): Order {
  let decided: Purging | undefined;
  return {
    async ask({ log, tables }) {
      decided ??= await decide(parts, tables);
      const { event, boundary } = decided;
      const receipt: Receipt = await log.purge({ event, boundary, beside: async () => [] });
      return { event, receipt };
    },
  };
}

async function decide(
  { tenant, random, clock, purgeable }: KeeperParts,
  tables: TenantTables,
): Promise<Purging> {
  const first = (await readBoundary(tables))?.size ?? 0;
  const size = purgeable.find((each) => each > first);
  if (size === undefined) throw new Problem('conflict', { detail: 'no more can be removed' });
  const made = eventOf({ record: 'purge', tenant, version: 1, random, at: clock() });
  const archive = { archiveSha256: 'a'.repeat(64), archiveBytes: 4_711 };
  const purge = { id: made.id, first, reference: 'GS5-17', requestedBy: made.id, ...archive };
  const boundary = { ...(await boundaryAt(tables, size)), purge };
  const object = { type: 'ledger-purge', id: made.id };
  return { boundary, event: { ...made, action: LOG_PURGED, object, reason: purgeText(boundary) } };
}
