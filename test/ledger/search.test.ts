import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Question } from '#services/ledger/chain/marks.ts';
import type { Log } from '#services/ledger/log/log.ts';
import { type Found, search } from '#services/ledger/read/search.ts';
import { eventOf, eventsOf, type Fixture, openFixture } from './fixture.ts';

describe('search', () => {
  test('finds what a reading of every entry finds, in order, however it is paged', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using log = await fixture.open();
    const events = Array.from({ length: 1_300 }, (_, index) => ({
      ...eventOf(tenant, { record: `i-${index % 400}` }),
      action: index % 9 === 0 ? 'core-records.incident.created' : 'core-records.incident.updated',
      outcome: index % 401 === 7 ? ('refused' as const) : ('success' as const),
      at: new Date(Date.UTC(2031, 0, 1, 0, index)).toISOString(),
      actor: {
        type: 'user' as const,
        id: `u-${index % 5}`,
        ...(index % 300 === 9 ? { address: `192.0.2.${index % 11}` } : {}),
      },
    }));
    for (let at = 0; at < events.length; at += 100) await log.append(events.slice(at, at + 100));
    const questions: Question[] = [
      {},
      { objectId: 'i-399' },
      { objectId: 'i-3', objectType: 'incident', action: 'core-records.incident.created' },
      { outcome: 'refused' },
      { from: '2031-01-01T10:00:00.000Z', to: '2031-01-01T10:30:00.000Z' },
      { actor: 'u-3' },
      { address: '192.0.2.9' },
      { address: '192.0.2.1', actor: 'u-4' },
      { address: '198.51.100.1' },
      { objectType: 'nothing-has-this' },
    ];
    for (const question of questions) {
      const expected = [...events.keys()].filter((seq) => fits(events[seq], question));
      for (const limit of [7, 200]) {
        expect(await pagedSearch({ fixture, log, question, limit })).toEqual(expected);
      }
    }
    const first = { fixture, log, question: {}, limit: 1, itemsMax: 20 };
    expect(await pagedSearch(first)).toEqual([...events.keys()].slice(0, 20));
  });

  test('one call looks at a bounded number of entries and says where to go on', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using log = await fixture.open();
    const events = eventsOf(tenant, 3_500);
    for (let at = 0; at < events.length; at += 250) await log.append(events.slice(at, at + 250));
    const tables = fixture.tables.forTenant(tenant);
    // Every page has such entries, none has one at this time.
    const question = { action: 'core-records.incident.updated', objectId: 'i-0', actor: 'nobody' };
    const all = { log, tables, question: {}, limit: 10_000, begin: 0 };
    const found = await search(all);
    expect(found).toMatchObject({ next: 3_072 });
    expect(found.items.length).toBe(3_072);
    const rest = await search({ ...all, begin: 3_072 });
    expect(rest.items.map(({ seq }) => seq).at(-1)).toBe(3_499);
    expect(rest.next).toBeUndefined();
    expect(await search({ ...all, question })).toEqual({ items: [] });
  });
});

function fits(event: AuditEvent | undefined, question: Question): boolean {
  const { objectId, objectType, action, outcome, actor, address } = question;
  const { from = '', to = '9' } = question;
  const pairs = [
    [objectId, event?.object.id],
    [objectType, event?.object.type],
    [action, event?.action],
    [outcome, event?.outcome],
    [actor, event?.actor.id],
    [address, event?.actor.address],
  ];
  const at = event?.at ?? '';
  return (
    at >= from && at < to && pairs.every(([asked, has]) => asked === undefined || asked === has)
  );
}

async function pagedSearch(about: {
  readonly fixture: Fixture;
  readonly log: Log;
  readonly question: Question;
  readonly limit: number;
  readonly itemsMax?: number;
}): Promise<number[]> {
  const { fixture, log, question, limit, itemsMax = 10_000 } = about;
  const tables = fixture.tables.forTenant(fixture.tenant);
  const found: number[] = [];
  let begin: number | undefined = 0;
  while (begin !== undefined && found.length < itemsMax) {
    const page: Found = await search({ log, tables, question, begin, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    found.push(...page.items.map(({ seq }) => seq));
    begin = page.next;
  }
  return found;
}

/** The process derives that many pages; then its writes of derived rows fail. */
