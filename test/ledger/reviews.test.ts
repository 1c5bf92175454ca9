import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { LedgerEntry } from '#contracts/ledger.ts';
import { listReviews, signOffWeek, summariseWeek } from '#contracts/ledger-reviews.ts';
import { openCount } from '#services/ledger/reviews/review.ts';
import { countWeek } from '#services/ledger/reviews/reviews.ts';
import { weekAt, weekBefore } from '#services/ledger/reviews/week.ts';
import type { Problem } from '#shared/problem.ts';
import { eventOf, eventsOf, openFixture } from './fixture.ts';
import { openServing } from './serving.ts';

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

type Fact = Pick<LedgerEntry, 'action'> &
  Partial<Pick<LedgerEntry, 'outcome' | 'object' | 'actor'>>;

function entryOf(fact: Fact): LedgerEntry {
  return {
    v: 1,
    tenant: randomUUIDv7(),
    seq: 0,
    id: randomUUIDv7(),
    at: '2031-01-02T10:05:06.789Z',
    recordedAt: '2031-01-02T10:05:06.789Z',
    actor: { type: 'user', id: 'u-1' },
    object: { type: 'user', id: 'u-9' },
    outcome: 'success',
    requestId: 'r',
    sd: [],
    prev: '0'.repeat(64),
    ...fact,
  };
}

function counted(facts: readonly Fact[]) {
  const count = openCount();
  for (const fact of facts) count.add(entryOf(fact));
  return count.result();
}

const times = (count: number, fact: Fact) => Array.from({ length: count }, () => fact);

describe('what is counted', () => {
  test('is every entry once in each way of counting', () => {
    const result = counted([
      { action: 'gateway.session.created' },
      { action: 'gateway.session.refused', outcome: 'failure' },
      { action: 'gateway.user.locked' },
      { action: 'ledger.entry.exported', actor: { type: 'key', id: 'k-1' } },
      { action: 'core-records.incident.updated' },
      { action: 'files.operation.refused', outcome: 'refused' },
    ]);
    expect(result).toMatchObject({
      entries: 6,
      byFamily: { authentication: 2, 'entity-management': 1, datastore: 1, api: 2 },
      byOutcome: { success: 4, refused: 1, failure: 1 },
      actors: [
        { type: 'user', id: 'u-1', entries: 5, notSuccessful: 2 },
        { type: 'key', id: 'k-1', entries: 1, notSuccessful: 0 },
      ],
      actorsTotal: 2,
      refusals: 1,
      signInFailures: 1,
      lockouts: 1,
      exports: 1,
    });
  });

  test.each([
    ['failed-sign-ins', 10, { action: 'gateway.session.refused', outcome: 'failure' }, 'u-9'],
    ['account-locked', 1, { action: 'gateway.user.locked' }, 'u-9'],
    ['many-refusals', 20, { action: 'files.operation.refused', outcome: 'refused' }, 'u-1'],
    ['many-exports', 10, { action: 'ledger.entry.exported' }, 'u-1'],
    ['conflicting-event', 1, { action: 'ledger.event.conflicted' }, 'u-9'],
    ['values-expunged', 1, { action: 'ledger.record.expunged' }, 'u-9'],
  ] as const)('%s is found from %i on, and not before', (rule, least, fact, about) => {
    expect(counted(times(least - 1, fact)).anomalies).toEqual([]);
    expect(counted(times(least, fact)).anomalies).toMatchObject([{ rule, about, count: least }]);
  });

  test('failed sign-ins to many accounts are no finding about one of them', () => {
    const facts = Array.from({ length: 30 }, (_, index) => ({
      action: 'gateway.session.refused',
      outcome: 'failure' as const,
      object: { type: 'user', id: `u-${index}` },
    }));
    expect(counted(facts)).toMatchObject({ signInFailures: 30, anomalies: [] });
  });

  test('an answer is bounded whatever happened', () => {
    const facts = Array.from({ length: 300 }, (_, index) => ({
      action: 'gateway.user.locked',
      object: { type: 'user', id: `u-${index}` },
      actor: { type: 'user' as const, id: `a-${index}` },
    }));
    const { actors, actorsTotal, anomalies, lockouts } = counted(facts);
    expect([actors.length, actorsTotal, anomalies.length, lockouts]).toEqual([50, 300, 100, 300]);
  });
});

test('a count ends at its bound, and says that there is more', async () => {
  await using fixture = await openFixture();
  await using log = await fixture.open();
  await log.append(eventsOf(fixture.tenant, 300));
  const tables = fixture.tables.forTenant(fixture.tenant);
  const week = weekAt(Date.parse('2031-01-02T10:05:06.789Z'));
  const asked = { log, tables, week };
  const some = await countWeek({ ...asked, entriesMax: 299 });
  expect(some).toMatchObject({ entries: 299, isWhole: false });
  const all = await countWeek({ ...asked, entriesMax: 301 });
  expect(all).toMatchObject({ entries: 300, isWhole: true });
  const other = await countWeek({ ...asked, week: weekBefore(week), entriesMax: 301 });
  expect(other).toMatchObject({ entries: 0, isWhole: true });
});

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: Problem) => error.code,
  );
}

/** An event of that moment. */
function eventAt(tenant: string, ms: number): AuditEvent {
  return { ...eventOf(tenant), at: new Date(ms).toISOString() };
}

describe('the review', () => {
  test('counts the week that is asked for, to its edges, and says when that is not over', async () => {
    await using ledger = await openServing();
    const { tenant, host } = ledger;
    const now = weekAt(host.clock());
    const before = weekBefore(now);
    const moments = [before.fromMs - 1, before.fromMs, before.toMs - 1, before.toMs];
    await ledger.append(moments.map((ms) => eventAt(tenant, ms)));
    const reviewer = ledger.as(ledger.someone('reviewer'));
    const summary = await reviewer(summariseWeek, { query: { week: before.name } });
    expect(summary).toMatchObject({
      week: before.name,
      from: new Date(before.fromMs).toISOString(),
      to: new Date(before.toMs).toISOString(),
      entries: 2,
      byFamily: { api: 2 },
    });
    expect(summary.partial).toBeUndefined();
    expect(summary.signedOff).toBeUndefined();
    const current = await reviewer(summariseWeek, { query: { week: now.name } });
    expect(current.partial).toBe('the week is not over');
    expect(await ledger.entries('ledger.review.summarised', 2)).toHaveLength(2);
  });

  test('is signed off once, in the chain, with its note as the reason', async () => {
    await using ledger = await openServing();
    const { tenant, host } = ledger;
    const { name: week } = weekBefore(weekAt(host.clock()));
    await ledger.append(eventsOf(tenant, 2));
    const person = ledger.someone('reviewer');
    const reviewer = ledger.as(person);
    const signed = await reviewer(signOffWeek, { body: { week, note: 'Two lockouts, explained' } });
    expect(signed).toMatchObject({ week, by: { id: person.subject.id, name: 'Test Person' } });
    const again = reviewer(signOffWeek, { body: { week, note: 'once more' } });
    expect(await codeOf(again)).toBe('already-exists');
    const [entry, ...others] = await ledger.entries('ledger.review.signed-off', 1);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      object: { type: 'review', id: week },
      reason: 'Two lockouts, explained',
      actor: { id: person.subject.id },
    });
    const summary = await reviewer(summariseWeek, { query: { week } });
    expect(summary.signedOff).toEqual(signed);
  });

  test('of two who sign off at the same time one is told that it is done', async () => {
    await using ledger = await openServing();
    await ledger.append(eventsOf(ledger.tenant, 1));
    const { name: week } = weekBefore(weekAt(ledger.host.clock()));
    const sign = () =>
      ledger.as(ledger.someone('admin'))(signOffWeek, { body: { week, note: 'seen' } });
    const codes = await Promise.all([codeOf(sign()), codeOf(sign())]);
    expect(codes.toSorted()).toEqual(['already-exists', 'ok']);
  });

  test('lists the weeks since the ledger began that are over, newest first', async () => {
    await using ledger = await openServing();
    const reviewer = ledger.as(ledger.someone('reviewer'));
    expect(await reviewer(listReviews)).toEqual({ items: [] });
    const first = weekAt(ledger.host.clock());
    await ledger.append(eventsOf(ledger.tenant, 1));
    expect(await reviewer(listReviews)).toEqual({ items: [] });
    await ledger.advance(2 * WEEK_MS);
    await reviewer(signOffWeek, { body: { week: first.name, note: 'seen' } });
    const { items } = await reviewer(listReviews);
    expect(items.map(({ week, signedOff }) => [week, signedOff === undefined])).toEqual([
      [weekAt(first.toMs).name, true],
      [first.name, false],
    ]);
    await ledger.advance(60 * WEEK_MS);
    expect((await reviewer(listReviews)).items).toHaveLength(53);
  });

  test('refuses weeks that are not over or do not exist, and those who may not', async () => {
    await using ledger = await openServing();
    const { name: current } = weekAt(ledger.host.clock());
    const reviewer = ledger.as(ledger.someone('reviewer'));
    const sign = (week: string) => codeOf(reviewer(signOffWeek, { body: { week, note: 'seen' } }));
    expect(await sign(current)).toBe('conflict');
    for (const week of ['2021-W53', '2026-W00', '2026-47', '']) {
      expect(await sign(week), week).toBe('validation');
      expect(await codeOf(reviewer(summariseWeek, { query: { week } })), week).toBe('validation');
    }
    for (const role of ['officer', 'supervisor', 'platform'] as const) {
      const other = ledger.as(ledger.someone(role));
      const signed = other(signOffWeek, { body: { week: '2026-W10', note: 'seen' } });
      expect(await codeOf(signed), role).toBe('forbidden');
    }
  });
});
