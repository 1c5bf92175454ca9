import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { BLOCK_ENTRIES_MAX } from '#contracts/limits.ts';
import { parseEntry } from '#services/ledger/chain/entry.ts';
import type { Log } from '#services/ledger/log/log.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { type FaultPlan, faulty } from './faulty.ts';
import { eventOf, eventsOf, idsIn, openFixture } from './fixture.ts';

/** Sends again whatever was not acknowledged, as the relay does. */
async function appendUntilDone(log: Log, events: readonly AuditEvent[], triesMax = 20) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await log.append(events);
    } catch (error) {
      if (tries === triesMax) throw error;
    }
  }
}

describe('append', () => {
  test('32 at once: each event once, gap-free, in the order of each sender, in few blocks', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using log = await fixture.open();
    const senders = Array.from({ length: 32 }, () => eventsOf(tenant, 20));
    const receipts = await Promise.all(
      senders.map(async (events) => {
        const got = [];
        for (const event of events) got.push(...(await log.append([event])));
        return got;
      }),
    );
    const seqs = receipts.flat().map(({ seq }) => seq);
    expect(new Set(seqs).size).toBe(640);
    expect(Math.max(...seqs)).toBe(639);
    for (const [index, events] of senders.entries()) {
      const mine = receipts[index]?.map(({ seq }) => seq) ?? [];
      expect(mine).toEqual(mine.toSorted((one, other) => one - other));
      const stored = await Promise.all(mine.map((seq) => log.blocks.entry(seq)));
      expect(stored.map((bytes) => bytes && parseEntry(bytes).id)).toEqual(
        events.map(({ id }) => id),
      );
    }
    const blocks = await fixture.tables.forTenant(tenant).list({ kind: 'block', limit: 1000 });
    expect(blocks.length).toBeLessThan(100);
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 640, checkedEntries: 640 });
  });

  test('two processes on one store never fork: every event once, both see all', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using one = await fixture.open();
    await using other = await fixture.open();
    const shared = eventsOf(tenant, 60);
    const batches = Array.from({ length: 20 }, (_, index) =>
      shared.slice(index * 3, index * 3 + 3),
    );
    // Both get every event, as after a take-over of an outbox that was not emptied.
    const [mine, theirs] = await Promise.all(
      [one, other].map(async (log) => {
        const own = eventsOf(tenant, 40);
        const receipts = [];
        for (const [index, batch] of batches.entries()) {
          receipts.push(...(await log.append([...batch, ...own.slice(2 * index, 2 * index + 2)])));
        }
        return receipts;
      }),
    );
    await Promise.all([one.follow(), other.follow()]);
    expect(one.size()).toBe(60 + 2 * 40);
    expect(await idsIn(other)).toEqual(await idsIn(one));
    const counts = Map.groupBy([...(mine ?? []), ...(theirs ?? [])], ({ status }) => status);
    expect(counts.get('appended')?.length).toBe(140);
    expect(counts.get('repeated')?.length).toBe(60);
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 140 });
    const headers = await fixture.tables.forTenant(tenant).list({ kind: 'block', limit: 1000 });
    const writers = new Set(headers.map(({ value }) => (value as { writer: string }).writer));
    expect(writers.size).toBe(2);
  });

  test('a repeat gets the first receipt: in the same batch, the next, and after a restart', async () => {
    await using fixture = await openFixture();
    const [event, second] = eventsOf(fixture.tenant, 2);
    if (event === undefined || second === undefined) throw new Error('no events');
    let first: Awaited<ReturnType<Log['append']>>[number] | undefined;
    {
      await using log = await fixture.open();
      const receipts = await log.append([event, event, second]);
      [first] = receipts;
      expect(receipts.map(({ status, seq }) => [status, seq])).toEqual([
        ['appended', 0],
        ['repeated', 0],
        ['appended', 1],
      ]);
      expect(await log.append([event])).toEqual([{ ...first, status: 'repeated' }]);
      // Another order of the same disclosures is the same event.
      const shuffled = { ...event, disclosures: event.disclosures.toReversed() };
      expect((await log.append([shuffled]))[0]?.status).toBe('repeated');
    }
    await using again = await fixture.open();
    expect(await again.append([event])).toEqual([{ ...first, status: 'repeated' }]);
    expect(again.size()).toBe(2);
  });

  test('the same id with other content is a conflict, recorded once for each pair', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const event = eventOf(tenant);
    // The same words with other salts: nobody could tell what was committed to.
    const resalted = { ...eventOf(tenant), id: event.id };
    const other = { ...event, reason: 'another reason' };
    await using log = await fixture.open();
    const receipts = await log.append([event, resalted, other, resalted]);
    expect(receipts.map(({ status, seq }) => [status, seq])).toEqual([
      ['appended', 0],
      ['conflict', 0],
      ['conflict', 0],
      ['conflict', 0],
    ]);
    expect(receipts[1]?.leafHash).toBe(receipts[0]?.leafHash);
    expect(log.size()).toBe(3);
    expect((await log.append([resalted, other])).map(({ status }) => status)).toEqual([
      'conflict',
      'conflict',
    ]);
    await using restarted = await fixture.open();
    await restarted.append([other, resalted]);
    expect(restarted.size()).toBe(3);
    const entries = await Array.fromAsync(restarted.blocks.range(1, 3));
    for (const { bytes } of entries) {
      expect(parseEntry(bytes)).toMatchObject({
        action: 'ledger.event.conflicted',
        actor: { type: 'service', id: 'ledger' },
        object: { type: 'event', id: event.id },
        outcome: 'failure',
        tenant,
      });
    }
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 3 });
  });

  test('blocks are cut by entries, bytes and new keys; a single event may be larger than a block', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using log = await fixture.open();
    const many = eventsOf(tenant, 600, 5);
    const wide = Array.from({ length: 200 }, (_, index) =>
      eventOf(tenant, { record: `w-${index}` }),
    );
    const large = Array.from({ length: 12 }, () => eventOf(tenant, { value: 'x'.repeat(40_000) }));
    const huge = eventOf(tenant, { value: 'y'.repeat(700_000) });
    const receipts = await log.append([...many, ...wide, ...large, huge]);
    expect(receipts.map(({ seq }) => seq)).toEqual(Array.from({ length: 813 }, (_, seq) => seq));
    const rows = await fixture.tables.forTenant(tenant).list({ kind: 'block', limit: 1000 });
    const headers = rows.map(({ value }) => value as { count: number; bodyBytes: number });
    expect(Math.max(...headers.map(({ count }) => count))).toBe(BLOCK_ENTRIES_MAX);
    expect(headers.filter(({ bodyBytes }) => bodyBytes > 262_144).length).toBe(1);
    const parts = await fixture.tables.forTenant(tenant).list({ kind: 'block-part', limit: 10 });
    expect(parts.length).toBeGreaterThan(2);
    expect(await log.disclosures(812)).toEqual(huge.disclosures);
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 813 });
  });
});

describe('lost answers', () => {
  /** Mild: every block gets through at its second try. */
  const kinds: [string, FaultPlan, boolean][] = [
    [
      'every third write fails unapplied',
      (m, n) => (m === 'write' && n % 3 === 1 ? 'unapplied' : 'ok'),
      true,
    ],
    [
      'every third write is applied, its answer lost',
      (m, n) => (m === 'write' && n % 3 === 1 ? 'applied' : 'ok'),
      true,
    ],
    [
      'every third write arrives late',
      (m, n) => (m === 'write' && n % 3 === 1 ? 'late' : 'ok'),
      true,
    ],
    [
      'reads fail as well',
      (m, n) =>
        m !== 'list' && (Math.imul(n, 2_654_435_761) >>> 16) % 16 === 3 ? 'applied' : 'ok',
      false,
    ],
    [
      'all writes fail, applied and not in turn',
      (m, n) => (m === 'write' ? (n % 2 ? 'applied' : 'unapplied') : 'ok'),
      false,
    ],
  ];

  test.each(kinds)('%s: every acknowledged event is there once', async (_, plan, isMild) => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const log = await fixture.open(faulty(fixture.tables, plan));
    const events = eventsOf(tenant, 60);
    const receipts = [];
    for (let at = 0; at < events.length; at += 4) {
      receipts.push(...(await appendUntilDone(log, events.slice(at, at + 4))));
    }
    // What is on its way arrives before the end is looked at.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await using reopened = await fixture.open();
    expect(await idsIn(reopened)).toEqual(events.map(({ id }) => id));
    // Who only lost an answer knows its own block again, and needs no second round for it.
    if (isMild) expect(receipts.every(({ status }) => status === 'appended')).toBe(true);
    for (const [index, { seq, leafHash }] of receipts.entries()) {
      expect(seq).toBe(index);
      const again = await reopened.append([events[index] ?? eventOf(tenant)]);
      expect(again).toEqual([{ status: 'repeated', seq, leafHash }]);
    }
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 60 });
  });

  test('a store that never answers refuses the events, and takes them when it does', async () => {
    await using fixture = await openFixture();
    let isDown = false;
    const log = await fixture.open(faulty(fixture.tables, () => (isDown ? 'unapplied' : 'ok')));
    const events = eventsOf(fixture.tenant, 3);
    await log.append(events.slice(0, 1));
    isDown = true;
    await expect(log.append(events.slice(1))).rejects.toThrow();
    isDown = false;
    const receipts = await log.append(events);
    expect(receipts.map(({ status }) => status)).toEqual(['repeated', 'appended', 'appended']);
  });

  test('a failed block fails what waits behind it, so that no event overtakes an earlier one', async () => {
    await using fixture = await openFixture();
    let isDown = false;
    const log = await fixture.open(faulty(fixture.tables, () => (isDown ? 'unapplied' : 'ok')));
    const [first, second, third] = eventsOf(fixture.tenant, 3, 1);
    if (!first || !second || !third) throw new Error('no events');
    await log.append([first]);
    isDown = true;
    const one = log.append([second]);
    const two = log.append([third]);
    await expect(one).rejects.toThrow();
    isDown = false;
    await expect(two).rejects.toThrow();
    await log.append([second, third]);
    expect(await idsIn(log)).toEqual([first.id, second.id, third.id]);
  });
});

test('a block of another process that arrives between look-up and commit is noticed', async () => {
  await using fixture = await openFixture();
  const event = eventOf(fixture.tenant);
  await using other = await fixture.open();
  let hasHappened = false;
  const overtaken: Tables = {
    ...fixture.tables,
    forTenant: (tenant) => ({
      ...fixture.tables.forTenant(tenant),
      async get(key) {
        // The id was looked up and not found; now the other process appends it, and this one sees.
        if (key.kind === 'record-key' && !hasHappened) {
          hasHappened = true;
          await other.append([event]);
          await one.follow();
        }
        return fixture.tables.forTenant(tenant).get(key);
      },
    }),
  };
  await using one = await fixture.open(overtaken);
  expect(await one.append([event])).toMatchObject([{ status: 'repeated', seq: 0 }]);
  expect(one.size()).toBe(1);
});

test('an event of one tenant is nowhere in the log of another', async () => {
  await using fixture = await openFixture();
  await using log = await fixture.open();
  await log.append(eventsOf(fixture.tenant, 3));
  const stranger = fixture.tables.forTenant(randomUUIDv7());
  for (const kind of ['block', 'record-key', 'page', 'event-id', 'checkpoint', 'tile']) {
    expect(await stranger.list({ kind, limit: 10 })).toEqual([]);
  }
});
