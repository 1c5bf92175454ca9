/**
 * Stores of a process that ends at a change which the test names. At that moment the folder is copied
 * as it is, and no call is answered any more: whoever opens the copy finds what a killed process
 * leaves. Where the change was carried out, what the store does behind its commit (`erase`) was not.
 */
import { cpSync } from 'node:fs';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Change, Tables, TenantTables, Write } from '#shared/ports/tables.ts';

export interface CrashPoint {
  /** The change, as `changes` names them, and the how many-th of that name it is, from 1. */
  readonly at: string;
  readonly count: number;
  readonly fate: 'unapplied' | 'applied';
}

export interface Ending {
  tables(service: string, tables: Tables): Tables;
  blobs(service: string, blobs: Blobs): Blobs;
  /** Counts from now on. */
  arm(point?: CrashPoint): void;
  /** Names of the changes since then: the service, what is changed, `erased` where it is. */
  readonly changes: readonly string[];
  readonly isOver: boolean;
}

export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';
}

export function openEnding(folders: { readonly from: string; readonly image: string }): Ending {
  let isOver = false;
  let point: CrashPoint | undefined;
  let changes: string[] = [];

  /** `without`: the same change, and nothing behind its commit. */
  async function meet<R>(name: string, change: () => Promise<R>, without = change): Promise<R> {
    assertRuns();
    changes.push(name);
    const count = changes.filter((each) => each === name).length;
    if (point?.at !== name || point.count !== count) return change();
    if (point.fate === 'applied') await without();
    isOver = true;
    cpSync(folders.from, folders.image, { recursive: true });
    throw new ProcessEnded();
  }

  function assertRuns(): void {
    if (isOver) throw new ProcessEnded();
  }

  async function ask<R>(call: () => Promise<R>): Promise<R> {
    assertRuns();
    const answer = await call();
    assertRuns();
    return answer;
  }

  const tenantTables = (service: string, real: TenantTables): TenantTables => ({
    get: (key) => ask(() => real.get(key)),
    list: (request) => ask(() => real.list(request)),
    write: (write) => {
      const { erase: _, ...kept } = write;
      const name = `${service} ${nameOf(write)}`;
      return meet(
        name,
        () => real.write(write),
        () => real.write(kept),
      );
    },
  });

  return {
    tables: (service, real) => ({
      ...real,
      forTenant: (tenant) => tenantTables(service, real.forTenant(tenant)),
      find: (key) => ask(() => real.find(key)),
      outbox: (request) => ask(() => real.outbox(request)),
      outboxDone: (positions) => ask(() => real.outboxDone(positions)),
      outboxDepth: () => ask(() => real.outboxDepth()),
    }),
    blobs: (service, real) => ({
      ...real,
      put: (key, bytes) => meet(`${service} puts bytes`, () => real.put(key, bytes)),
      remove: (key) => meet(`${service} removes bytes`, () => real.remove(key)),
      erase: (key) => meet(`${service} erases bytes`, () => real.erase(key)),
    }),
    arm(next) {
      point = next;
      changes = [];
    },
    get changes() {
      return changes;
    },
    get isOver() {
      return isOver;
    },
  };
}

function nameOf({ changes, events, erase }: Write): string {
  const kinds = [...new Set(changes.map(kindOf))].toSorted().join(' ');
  return `${kinds}${events.length > 0 ? ' with an event' : ''}${erase ? ', erased' : ''}`;
}

function kindOf(change: Change): string {
  if ('put' in change) return change.put.kind;
  return 'remove' in change ? `-${change.remove.kind}` : `?${change.check.kind}`;
}
