/** A verification that somebody waits for and hears of. */
import { randomUUIDv7 } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { appendEvents, listEntries, verifyLedger } from '#contracts/ledger.ts';
import { openLedger } from '#services/ledger/service.ts';
import { jobCaller } from '#shared/client.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { openTestHost, person } from '#test/support/host.ts';
import { through } from './faulty.ts';
import { eventsOf } from './fixture.ts';

const BLOCKS = 20;
const READ_MS = 10;

/** Each block takes its time to read. */
function slow(tables: Tables, read: () => void): Tables {
  return through(tables, (real) => ({
    async get(key) {
      if (key.kind === 'block') {
        read();
        await sleep(READ_MS);
      }
      return real.get(key);
    },
  }));
}

async function openSlowLedger() {
  await using opened = new AsyncDisposableStack();
  const host = opened.use(await openTestHost());
  const { blobs: checkpoints } = await host.host.blobs('checkpoints');
  const parts = await host.parts('ledger');
  const read = { blocks: 0 };
  const tables = slow(parts.tables, () => {
    read.blocks += 1;
  });
  opened.use(await openLedger({ ...parts, tables, checkpoints, host: () => 'ledger.example' }));
  const tenant = randomUUIDv7();
  const { client } = host;
  for (const event of eventsOf(tenant, BLOCKS)) {
    const input = { body: { events: [event] } };
    await client.call(appendEvents, input, jobCaller('core-records', { tenant }));
  }
  const caller = person({ tenant, roles: ['reviewer'] });
  const verify = (timeoutMs: number) => {
    const heard: unknown[] = [];
    const leaving = new AbortController();
    const hear = (progress: unknown) => {
      heard.push(progress);
    };
    const watching = { hear, signal: leaving.signal };
    const answer = client.call(verifyLedger, {}, caller, { timeoutMs, watching });
    answer.catch(() => undefined);
    return { heard, answer, leave: () => leaving.abort(new Error('left')) };
  };
  const reads = async () => {
    const query = { action: 'ledger.tree.verified' };
    return (await client.call(listEntries, { query }, caller)).body.items.length;
  };
  const stack = opened.move();
  return { read, verify, reads, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe('a verification that is watched', () => {
  test('tells at once how far it is, answers as ever, and is one event', async () => {
    await using ledger = await openSlowLedger();
    const { heard, answer } = ledger.verify(5_000);
    const { body } = await answer;
    expect(body).toMatchObject({ ok: true, size: BLOCKS, checkedEntries: BLOCKS, breaks: [] });
    expect(heard[0]).toEqual({ position: 0, size: BLOCKS, checkedEntries: 0, breaks: 0 });
    await vi.waitUntil(async () => (await ledger.reads()) > 0, { timeout: 5_000 });
    expect(await ledger.reads()).toBe(1);
  });

  test('that nobody waits for any more stops where it is, and is no event', async () => {
    await using ledger = await openSlowLedger();
    const { heard, answer, leave } = ledger.verify(5_000);
    await vi.waitUntil(() => heard.length > 0);
    const before = ledger.read.blocks;
    leave();
    await expect(answer).rejects.toThrow('left');
    await sleep(BLOCKS * READ_MS * 2);
    expect(ledger.read.blocks - before).toBeLessThan(BLOCKS / 2);
    expect(await ledger.reads()).toBe(0);
  });
});
