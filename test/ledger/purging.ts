import { Readable } from 'node:stream';
import type { CallerClaims } from '#contracts/caller.ts';
import { readCheckpoint } from '#contracts/ledger.ts';
import { approvePurge, type Purge, requestPurge } from '#contracts/ledger-retention.ts';
import { placeLegalHold } from '#contracts/legal-holds.ts';
import { changeRetention } from '#contracts/retention.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { type ArchiveReport, verifyArchive } from '#services/ledger/portable/archive.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { until } from '#test/support/api.ts';
import { eventsOf } from './fixture.ts';
import { openServing, type Serving } from './serving.ts';

export const DAY_MS = 24 * 60 * 60 * 1_000;
const PAGE = 256;

export interface Purging extends AsyncDisposable {
  readonly serving: Serving;
  readonly admin: CallerClaims;
  readonly reviewer: CallerClaims;
  /** Events of the oldest pages, in the order of their entries. */
  readonly old: ReturnType<typeof eventsOf>;
  /** Moves the clock, once no event waits anywhere. */
  pass(days: number): Promise<void>;
  setWindow(days: number): Promise<void>;
  hold(): Promise<string>;
  request(by?: CallerClaims): Promise<Purge>;
  approve(id: string, by?: CallerClaims): Promise<Purge>;
  /** The bytes of an archive, as they are in the write-once place. */
  archive(purge: Purge): Promise<Buffer>;
  /** What the door behind a signed URL gives. */
  fetch(url: string): Promise<Buffer>;
}

/** A ledger of whole pages, more than a year old, whose department keeps it for a year. */
export async function openPurging(
  pages = 3,
  through?: (tables: Tables) => Tables,
): Promise<Purging> {
  await using opened = new AsyncDisposableStack();
  const serving = opened.use(await openServing(through));
  const { host, tenant, as, someone } = serving;
  const records = await host.parts('core-records');
  opened.use(await openCoreRecords(records));
  const [admin, reviewer] = [someone('admin'), someone('reviewer')];
  const old = eventsOf(tenant, pages * PAGE);
  for (let page = 0; page < pages; page += 1) {
    await serving.append(old.slice(page * PAGE, (page + 1) * PAGE));
  }
  const { blobs, door } = await host.host.blobs('checkpoints');

  async function pass(days: number): Promise<void> {
    const waiting = async () => (await records.tables.outboxDepth()).events;
    await until('events in the outbox', waiting, (events) => events === 0);
    await serving.advance(days * DAY_MS);
    // In truth it is signed within seconds.
    await as(reviewer)(readCheckpoint);
  }

  const stack = opened.move();
  return {
    serving,
    admin,
    reviewer,
    old,
    pass,
    async setWindow(days) {
      await as(admin)(changeRetention, { body: { ledger: { days } } });
      await pass(7);
    },
    async hold() {
      const scope = { classes: ['ledger' as const], record: { type: 'incident', id: 'i-1' } };
      const body = { reference: '2031-CV-17', reason: 'litigation', scope };
      return (await as(someone('admin'))(placeLegalHold, { body })).id;
    },
    request: (by = admin) =>
      as(by)(requestPurge, { body: { reference: 'GS5-17', reason: 'records schedule' } }),
    approve: (id, by = reviewer) => as(by)(approvePurge, { params: { id } }),
    async archive({ archive }) {
      const stream = await blobs.get(archive.key);
      return Buffer.concat(await Array.fromAsync(stream ?? []));
    },
    async fetch(url) {
      const { body } = await door.serve(url.slice(url.lastIndexOf('/') + 1));
      return Buffer.concat(await Array.fromAsync(body ?? []));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What a stranger makes of the bytes, with the key and nothing else. */
export function verified(bytes: Uint8Array, verifierKey: string): Promise<ArchiveReport> {
  return verifyArchive({ chunks: Readable.from([bytes]), verifierKey });
}
