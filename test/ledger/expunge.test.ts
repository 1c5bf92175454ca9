/** The write of an expungement, below its handlers: other processes, lost answers, crashes. */
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { parseEntry } from '#services/ledger/chain/entry.ts';
import type { Log } from '#services/ledger/log/log.ts';
import { auditEventOf } from '#shared/audit.ts';
import type { Change } from '#shared/ports/tables.ts';
import { person } from '#test/support/host.ts';
import { type Fate, failingOnce, faulty } from './faulty.ts';
import { eventOf, type Fixture, openFixture } from './fixture.ts';

const RECORD = 'incident/i-1';
const ROW = { kind: 'expungement', id: 'request' };

function factOf(tenant: string): AuditEvent {
  return auditEventOf({
    caller: person({ tenant, roles: ['reviewer'] }),
    action: 'ledger.record.expunged',
    object: { type: 'incident', id: 'i-1' },
    changes: [{ field: 'order', after: '2031-CV-17' }],
    now: new Date('2031-01-02T10:05:06.789Z'),
  });
}

/** Expunges the record; the row beside the block can be put only once. */
function expunge(log: Log, tenant: string) {
  const beside = async (seq: number): Promise<readonly Change[]> => [
    { put: { ...ROW, value: { seq } }, expect: 0 },
  ];
  return log.expunge({ event: factOf(tenant), record: RECORD, beside });
}

/** Numbers of the entries that tell of an expungement. */
async function factsIn(log: Log): Promise<number[]> {
  await log.follow();
  const entries = await Array.fromAsync(log.blocks.range(0, log.size()));
  return entries
    .filter(({ bytes }) => parseEntry(bytes).action === 'ledger.record.expunged')
    .map(({ seq }) => seq);
}

/** After exactly one expungement: what stands before it is gone, everything else can be opened. */
async function expectExpungedOnce({ tables, tenant, verify }: Fixture, log: Log): Promise<void> {
  const [fact = -1, ...more] = await factsIn(log);
  expect(more).toEqual([]);
  for (let seq = 0; seq < log.size(); seq += 1) {
    const bytes = await log.blocks.entry(seq);
    const { object } = parseEntry(bytes ?? Buffer.alloc(0));
    const isGone = object.id === 'i-1' && seq < fact;
    const disclosures = await log.disclosures(seq);
    expect(disclosures === undefined, `entry ${seq}, fact ${fact}`).toBe(isGone);
  }
  expect((await tables.forTenant(tenant).get(ROW))?.value).toEqual({ seq: fact });
  expect(await verify()).toMatchObject({ ok: true, breaks: [] });
}

const eventsOf = (tenant: string, count: number) =>
  Array.from({ length: count }, (_, index) =>
    eventOf(tenant, { record: index % 2 === 0 ? 'i-1' : 'i-2', value: `v${index}` }),
  );

describe('the write of an expungement', () => {
  test('parts what was sealed before it from what comes after, among many who write', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using one = await fixture.open();
    await using other = await fixture.open();
    const appends = (log: Log) => Array.from({ length: 12 }, () => log.append(eventsOf(tenant, 5)));
    await one.append(eventsOf(tenant, 4));
    await other.append(eventsOf(tenant, 4));
    const writers = [...appends(one), ...appends(other)];
    const expunged = expunge(one, tenant);
    writers.push(...appends(one), ...appends(other));
    const { seq } = await expunged;
    await Promise.all(writers);
    await one.follow();
    expect(one.size()).toBeGreaterThan(seq + 1);
    await expectExpungedOnce(fixture, one);
    await expectExpungedOnce(fixture, other);
  });

  test.each<Fate>(['unapplied', 'applied', 'late'])(
    'is there once or not at all when the store fails, %s',
    async (fate) => {
      await using fixture = await openFixture();
      const { tenant, tables } = fixture;
      const failing = failingOnce(tables, fate);
      await using log = await fixture.open(failing.tables);
      await log.append(eventsOf(tenant, 4));
      failing.failNextWrite();
      await expunge(log, tenant);
      await log.append(eventsOf(tenant, 4));
      await expectExpungedOnce(fixture, log);
    },
  );

  test('whose outcome stays unknown is found out by whoever comes next', async () => {
    await using fixture = await openFixture();
    const { tenant, tables } = fixture;
    let state: 'up' | 'failing' | 'down' = 'up';
    // The write is carried out, and from then on the store cannot even be asked.
    const failing = faulty(tables, (method) => {
      if (state === 'failing' && method === 'write') {
        state = 'down';
        return 'applied';
      }
      return state === 'down' ? 'unapplied' : 'ok';
    });
    await using log = await fixture.open(failing);
    await log.append(eventsOf(tenant, 4));
    state = 'failing';
    await expect(expunge(log, tenant)).rejects.toMatchObject({ code: 'unavailable' });
    state = 'up';
    // It was done: once more, there is no key; and what follows is sealed under a new one.
    await expect(expunge(log, tenant)).rejects.toMatchObject({ code: 'conflict' });
    await log.append(eventsOf(tenant, 4));
    await expectExpungedOnce(fixture, log);
  });

  test('that is refused takes no append with it', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using log = await fixture.open();
    await log.append([eventOf(tenant, { record: 'i-2' })]);
    const before = log.append(eventsOf(tenant, 2).slice(1));
    const refused = expunge(log, tenant);
    const after = log.append(eventsOf(tenant, 2).slice(1));
    await expect(refused).rejects.toMatchObject({ code: 'conflict' });
    const receipts = [...(await before), ...(await after)];
    expect(receipts.map(({ status }) => status)).toEqual(['appended', 'appended']);
    expect(await factsIn(log)).toEqual([]);
  });
});
