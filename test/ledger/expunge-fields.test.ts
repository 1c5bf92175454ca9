/** Single fields of a record are forgotten: its other values, and every proof, stay. */
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { readCheckpoint, verifyLedger } from '#contracts/ledger.ts';
import { discloseEntry, makeBundle } from '#contracts/ledger-evidence.ts';
import { approveExpungement, requestExpungement } from '#contracts/ledger-expungements.ts';
import { expungeFields, valuesOf } from '#services/ledger/evidence/fields.ts';
import type { Log } from '#services/ledger/log/log.ts';
import { verifyBundle } from '#services/ledger/portable/verify-bundle.ts';
import { auditEventOf } from '#shared/audit.ts';
import { foundIn } from '#test/support/encodings.ts';
import { bytesBelow } from '#test/support/folder.ts';
import { person } from '#test/support/host.ts';
import { type Fate, failingOnce } from './faulty.ts';
import { type Fixture, openFixture } from './fixture.ts';
import { codeOf, openServingWithRecords, type Serving } from './serving.ts';
import { openTamper } from './tamper.ts';

const SECRET = 'PATIENT-4711-ELM-STREET';
const OBJECT = { type: 'incident', id: 'i-1' };

function eventOf(tenant: string, values: Readonly<Record<string, string>>, id = 'i-1'): AuditEvent {
  return auditEventOf({
    caller: person({ tenant, roles: ['officer'] }),
    action: 'core-records.incident.updated',
    object: { type: 'incident', id, version: 1 },
    changes: Object.entries(values).map(([field, after]) => ({ field, after })),
    now: new Date('2031-01-02T10:05:06.789Z'),
  });
}

/** Three entries of the record: both fields, the one that goes, the one that stays; another record. */
function eventsOf(tenant: string): AuditEvent[] {
  return [
    eventOf(tenant, { callerName: SECRET, nature: 'FIRE' }),
    eventOf(tenant, { callerName: `${SECRET} II` }),
    eventOf(tenant, { nature: 'ALARM' }),
    eventOf(tenant, { callerName: 'SOMEBODY ELSE' }, 'i-2'),
  ];
}

async function namesAt({ as, someone }: Serving, seq: number) {
  const { state, values, expunged } = await as(someone('admin'))(discloseEntry, {
    params: { seq },
  });
  return { state, names: values.map(({ name }) => name), expunged };
}

async function order({ as, someone }: Serving, fields?: string[]) {
  const scope = { objectType: 'incident', objectId: 'i-1', ...(fields && { fields }) };
  const body = { scope, order: '2031-CV-17', reason: 'juvenile court' };
  const made = await as(someone('admin'))(requestExpungement, { body });
  return as(someone('reviewer'))(approveExpungement, { params: { id: made.id } });
}

describe('an expungement of fields', () => {
  test('takes their values in every entry and leaves the others, which verify as before', async () => {
    await using serving = await openServingWithRecords();
    const { as, someone, tenant, host } = serving;
    await serving.append(eventsOf(tenant));
    const reviewer = someone('reviewer');
    const entries = { entries: [0, 1, 2, 3], disclose: 'all' as const };
    const older = await as(reviewer)(makeBundle, { body: entries });
    const { verifierKey } = await as(reviewer)(readCheckpoint);

    const done = await order(serving, ['callerName']);
    expect(done).toMatchObject({ status: 'done', services: { files: 'done' } });
    expect(await namesAt(serving, 0)).toEqual({
      state: 'disclosed',
      names: ['nature'],
      expunged: 1,
    });
    expect(await namesAt(serving, 1)).toEqual({ state: 'expunged', names: [] });
    expect(await namesAt(serving, 2)).toEqual({ state: 'disclosed', names: ['nature'] });
    expect(await namesAt(serving, 3)).toEqual({ state: 'disclosed', names: ['callerName'] });
    const newer = await as(reviewer)(makeBundle, { body: entries });
    expect(newer.entries).toMatchObject([
      { seq: 0, expunged: true, disclosures: [expect.any(String)] },
      { seq: 1, expunged: true, disclosures: [] },
      { seq: 2 },
      { seq: 3 },
    ]);
    for (const bundle of [older, newer]) {
      const report = await verifyBundle({ text: JSON.stringify(bundle), verifierKey });
      expect(report).toMatchObject({ ok: true, failures: [] });
    }
    expect(await as(reviewer)(verifyLedger)).toMatchObject({ ok: true, breaks: [] });
    const [fact] = await serving.entries('ledger.field.expunged', 1);
    expect(fact).toMatchObject({ seq: done.seq, object: { type: 'incident', id: 'i-1' } });
    expect(fact?.reason).toContain('callerName');
    expect(foundIn(await bytesBelow(host.dataDir), [SECRET])).toEqual([]);

    // What comes later is sealed by the new key, and can be taken by an order of its own; then all.
    await serving.append([eventOf(tenant, { callerName: SECRET, channel: 'TAC 2' })]);
    await order(serving, ['callerName', 'nature']);
    expect(await namesAt(serving, 0)).toEqual({ state: 'expunged', names: [] });
    const later = (await serving.entries('core-records.incident.updated', 5)).at(-1)?.seq ?? -1;
    expect(await namesAt(serving, later)).toMatchObject({ names: ['channel'], expunged: 1 });
    await order(serving);
    expect(await namesAt(serving, later)).toEqual({ state: 'expunged', names: [] });
    using tamper = openTamper(serving);
    expect(tamper.rows('kept-values')).toEqual([]);
    expect(await as(reviewer)(verifyLedger)).toMatchObject({ ok: true, breaks: [] });
    expect(await namesAt(serving, 3)).toEqual({ state: 'disclosed', names: ['callerName'] });
  });

  test('of a field that no entry has is refused, and says which there are', async () => {
    await using serving = await openServingWithRecords();
    await serving.append(eventsOf(serving.tenant));
    expect(await codeOf(order(serving, ['callerName', 'caller']))).toBe('not-found');
    await expect(order(serving, ['callerName', 'caller'])).rejects.toThrow(
      /no values of caller of .*callerName, nature/,
    );
    expect(await codeOf(order(serving, ['nature', 'nature']))).toBe('validation');
    expect(await namesAt(serving, 0)).toMatchObject({ names: ['callerName', 'nature'] });
  });
});

/** The write below its handlers. */
function expunge({ tenant, tables }: Fixture, log: Log) {
  const event = auditEventOf({
    caller: person({ tenant, roles: ['reviewer'] }),
    action: 'ledger.field.expunged',
    object: OBJECT,
    now: new Date('2031-01-02T10:05:06.789Z'),
  });
  const about = { log, tables: tables.forTenant(tenant), object: OBJECT };
  return expungeFields(about, { event, fields: ['callerName'], beside: async () => [] });
}

async function expectExpunged({ tenant, tables, verify }: Fixture, log: Log): Promise<void> {
  await log.follow();
  const about = { log, tables: tables.forTenant(tenant), object: OBJECT };
  const values = await valuesOf(about);
  expect(values.map(({ seq, disclosures }) => [seq, disclosures.length])).toEqual([
    [0, 1],
    [2, 1],
  ]);
  expect(await verify()).toMatchObject({ ok: true, breaks: [] });
}

describe('the write that takes fields', () => {
  test.each<Fate>(['unapplied', 'applied', 'late'])(
    'is there once or not at all when the store fails, %s',
    async (fate) => {
      await using fixture = await openFixture();
      const { tenant, tables } = fixture;
      const failing = failingOnce(tables, fate);
      await using log = await fixture.open(failing.tables);
      await log.append(eventsOf(tenant));
      failing.failNextWrite();
      await expunge(fixture, log);
      await expectExpunged(fixture, log);
      await using other = await fixture.open();
      await expectExpunged(fixture, other);
    },
  );

  test('keeps what another process appends meanwhile, and is followed by it', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using one = await fixture.open();
    await using other = await fixture.open();
    await one.append(eventsOf(tenant).slice(0, 2));
    await other.append([]);
    const appended = other.append(eventsOf(tenant).slice(2));
    await Promise.all([expunge(fixture, one), appended]);
    await other.append([eventOf(tenant, { channel: 'TAC 2' })]);
    const about = { log: other, tables: fixture.tables.forTenant(tenant), object: OBJECT };
    const names = (await valuesOf(about)).flatMap(({ disclosures }) => disclosures);
    // Natures of two entries, and the channel.
    expect(names).toHaveLength(3);
    expect(await fixture.verify()).toMatchObject({ ok: true, breaks: [] });
  });

  test('keeps values that fill many rows', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using log = await fixture.open();
    const long = 'long narrative '.repeat(14_000);
    for (let count = 0; count < 12; count += 1) {
      await log.append([eventOf(tenant, { callerName: SECRET, narrative: `${count} ${long}` })]);
    }
    const before = await Promise.all(Array.from({ length: 12 }, (_, seq) => log.disclosures(seq)));
    await expunge(fixture, log);
    using tamper = openTamper(fixture);
    expect(tamper.rows('kept-values').length).toBeGreaterThan(8);
    for (const [seq, disclosures] of before.entries()) {
      expect(await log.disclosures(seq)).toEqual(disclosures?.slice(1));
    }
    expect(await fixture.verify()).toMatchObject({ ok: true, breaks: [] });
  });

  test('is not hidden behind: values that it left and somebody removed are a break', async () => {
    await using fixture = await openFixture();
    {
      await using log = await fixture.open();
      await log.append(eventsOf(fixture.tenant));
      await expunge(fixture, log);
    }
    using tamper = openTamper(fixture);
    const [part] = tamper.rows('kept-values');
    tamper.remove('kept-values', part?.id ?? '');
    expect((await fixture.verify()).breaks).toMatchObject([
      { seq: 0, lastSeq: 2, kind: 'missing', detail: expect.stringContaining('left of') },
    ]);
  });
});
