/**
 * Finds mails that nobody works on. The row of a mail is the truth, the queue only carries it: a
 * crash between the two, or an outage that outlasts the queue's tries, leaves a row in status
 * `received` that no delivery leads to any more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PLATFORM_TENANT } from '#contracts/primitives.ts';
import type { Log } from '#shared/log.ts';
import type { Queue } from '#shared/ports/queue.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { getMessage, INDEX_KIND, indexPrefixOf, messageChanges } from '../message.ts';
import { idsOf, TENANT_KIND } from './tenants.ts';
import type { Work } from './work.ts';

const SWEEP_EVERY_MS = 30_000;
/** Untouched for so long, a mail is not just waiting for its next try. */
const LYING_MS = 60_000;
/** With more than this in the queue, mails are waiting their turn, not lost. */
const BACKLOG_MAX = 100;

interface Parts {
  readonly tables: Tables;
  readonly queue: Queue;
  readonly log: Log;
  readonly clock: () => number;
  enqueue(work: Work): Promise<void>;
}

/**
 * Sweeps at once and then every half minute. At the start nothing is in work here, so that every mail
 * from before it counts as lying: what was in work at a crash need not wait for the end of its lease.
 * Where another process has it in work, a second delivery changes nothing.
 */
export function openSweep(parts: Parts): AsyncDisposable {
  const stopping = new AbortController();
  const running = run(parts.clock());

  async function run(startedAt: number): Promise<void> {
    const { signal } = stopping;
    let touchedBefore = startedAt;
    while (!signal.aborted) {
      await sweep(parts, touchedBefore).catch((error: unknown) => {
        parts.log.error({ err: error }, 'the sweep failed');
      });
      await sleep(SWEEP_EVERY_MS, undefined, { signal }).catch(() => undefined);
      touchedBefore = parts.clock() - LYING_MS;
    }
  }

  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

/** Puts each mail that nobody has touched since then into the queue again. */
async function sweep(parts: Parts, touchedBefore: number): Promise<void> {
  const { waiting } = await parts.queue.depth();
  if (waiting > BACKLOG_MAX) return;
  const platform = parts.tables.forTenant(PLATFORM_TENANT);
  for await (const tenant of idsOf(platform, { kind: TENANT_KIND, prefix: '' })) {
    const tables = parts.tables.forTenant(tenant);
    const prefix = indexPrefixOf({ status: 'received' }) ?? '';
    for await (const id of idsOf(tables, { kind: INDEX_KIND, prefix })) {
      await requeue(parts, { tenant, id }, touchedBefore);
    }
  }
}

async function requeue(parts: Parts, work: Work, touchedBefore: number): Promise<void> {
  const tables = parts.tables.forTenant(work.tenant);
  const message = await getMessage(tables, work.id);
  if (message?.value.status !== 'received') return;
  if (Date.parse(message.value.touchedAt) >= touchedBefore) return;
  const touchedAt = new Date(parts.clock()).toISOString();
  const value = { ...message.value, touchedAt, stalls: message.value.stalls + 1 };
  const result = await tables.write({
    changes: messageChanges(work.id, value, message),
    events: [],
    unaudited: 'a note for the next sweep; what comes of the mail is an event',
  });
  // Lost to somebody who works on it: then it does not lie.
  if (!result.ok) return;
  parts.log.warn({ ...work, stalls: value.stalls }, 'a mail was lying and is queued again');
  await parts.enqueue(work);
}
