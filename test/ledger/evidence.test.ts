import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readCheckpoint } from '#contracts/ledger.ts';
import { discloseEntry, makeBundle } from '#contracts/ledger-evidence.ts';
import { BUS_MESSAGE_BYTES_MAX, ROW_BYTES_MAX } from '#contracts/limits.ts';
import { verifyBundle } from '#services/ledger/portable/verify-bundle.ts';
import { auditEventOf } from '#shared/audit.ts';
import type { Json } from '#shared/ports/tables.ts';
import { bytesBelow } from '#test/support/folder.ts';
import { person } from '#test/support/host.ts';
import { eventsOf } from './fixture.ts';
import { codeOf, openServing, type Serving } from './serving.ts';

const SECRET = 'PATIENT-4711-ELM-STREET';

function eventWith(tenant: string, fields: Readonly<Record<string, Json>>, id = 'i-1') {
  return auditEventOf({
    caller: person({ tenant, roles: ['officer'] }),
    action: 'core-records.incident.updated',
    object: { type: 'incident', id, version: 1 },
    changes: Object.entries(fields).map(([field, after]) => ({ field, after })),
    now: new Date('2031-01-02T10:05:06.789Z'),
  });
}

async function check(serving: Serving, bundle: unknown) {
  const { verifierKey } = await serving.as(serving.someone('reviewer'))(readCheckpoint);
  return verifyBundle({ text: JSON.stringify(bundle), verifierKey });
}

describe('ledger.entry.disclose', () => {
  test('opens the values of an entry, and is in the chain with the entry’s number', async () => {
    await using serving = await openServing();
    const { tenant, as, someone } = serving;
    const event = eventWith(tenant, { nature: 'FIRE', caller: { name: SECRET } });
    await serving.append([...eventsOf(tenant, 2), event]);
    const reviewer = someone('reviewer');
    const answer = await as(reviewer)(discloseEntry, { params: { seq: 2 } });
    expect(answer).toMatchObject({ seq: 2, state: 'disclosed' });
    expect(answer.values).toEqual([
      { name: 'nature', value: { after: 'FIRE' }, disclosure: event.disclosures[0] },
      { name: 'caller', value: { after: { name: SECRET } }, disclosure: event.disclosures[1] },
    ]);
    const [read] = await serving.entries('ledger.entry.disclosed', 1);
    expect(read).toMatchObject({
      actor: { id: reviewer.subject.id },
      object: { type: 'ledger', id: '2' },
    });
    // Reading them has not put them anywhere.
    expect((await bytesBelow(serving.host.dataDir)).includes(SECRET)).toBe(false);
  });

  test('tells an event without values by its one salt, and an entry that is not there', async () => {
    await using serving = await openServing();
    const { as, someone } = serving;
    await serving.append([eventWith(serving.tenant, {})]);
    const ask = as(someone('admin'));
    const { values } = await ask(discloseEntry, { params: { seq: 0 } });
    expect(values).toMatchObject([{ name: '_' }]);
    expect(values.length).toBe(1);
    expect(await codeOf(ask(discloseEntry, { params: { seq: 9_000 } }))).toBe('not-found');
  });

  test('is refused to everybody else, and nothing of another tenant shows', async () => {
    await using serving = await openServing();
    const { as, someone } = serving;
    await serving.append(eventsOf(serving.tenant, 1));
    const params = { seq: 0 };
    for (const role of ['officer', 'supervisor', 'quartermaster', 'job:core-records'] as const) {
      expect(await codeOf(as(someone(role))(discloseEntry, { params })), role).toBe('forbidden');
    }
    const scoped = { ...someone('admin'), scopes: ['ledger:read' as const] };
    expect(await codeOf(as(scoped)(discloseEntry, { params }))).toBe('forbidden');
    const stranger = person({ tenant: randomUUIDv7(), roles: ['admin'] });
    expect(await codeOf(as(stranger)(discloseEntry, { params }))).toBe('not-found');
  });
});

test('the largest event that can be is disclosed, and fits into a bundle', async () => {
  await using serving = await openServing();
  const narrative = 'x'.repeat(285_000);
  const event = eventWith(serving.tenant, { narrative });
  const bytes = Buffer.byteLength(JSON.stringify(event));
  expect(bytes).toBeLessThanOrEqual(ROW_BYTES_MAX);
  expect(bytes).toBeGreaterThan(0.95 * ROW_BYTES_MAX);
  await serving.append([event]);
  const ask = serving.as(serving.someone('reviewer'));
  const answer = await ask(discloseEntry, { params: { seq: 0 } });
  expect(answer.values).toMatchObject([{ name: 'narrative', value: { after: narrative } }]);
  expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(0.75 * BUS_MESSAGE_BYTES_MAX);
  const bundle = await ask(makeBundle, { body: { entries: [0], disclose: 'all' } });
  expect(await check(serving, bundle)).toMatchObject({ ok: true, proved: [{ hidden: 0 }] });
});

describe('ledger.bundle.make', () => {
  test('hides every value unless asked; what is asked for is disclosed, and all of it verifies', async () => {
    await using serving = await openServing();
    const { tenant, as, someone } = serving;
    const fields = { nature: 'FIRE', address: '1 ELM ST', caller: SECRET };
    await serving.append([
      ...eventsOf(tenant, 5),
      eventWith(tenant, fields),
      eventWith(tenant, {}),
    ]);
    const ask = as(someone('reviewer'));
    const names = async (body: object) => {
      const bundle = await ask(makeBundle, { body: { entries: [5, 1, 6], ...body } });
      const report = await check(serving, bundle);
      expect(report).toMatchObject({ ok: true, failures: [] });
      expect(report.proved.map(({ seq }) => seq)).toEqual([5, 1, 6]);
      expect(JSON.stringify(bundle).includes('expunged')).toBe(false);
      return report.proved.map(({ disclosed }) => disclosed.map(({ name }) => name));
    };
    expect(await names({})).toEqual([[], [], []]);
    expect(await names({ disclose: ['nature'] })).toEqual([['nature'], ['nature'], []]);
    expect(await names({ disclose: 'all' })).toEqual([
      ['nature', 'address', 'caller'],
      ['nature'],
      ['_'],
    ]);
    expect(await names({ disclose: 'all', hide: ['caller', '_'] })).toEqual([
      ['nature', 'address'],
      ['nature'],
      [],
    ]);
    expect((await bytesBelow(serving.host.dataDir)).includes(SECRET)).toBe(false);
  });

  test('is in the chain with its entries and the names of what it disclosed, before it is answered', async () => {
    await using serving = await openServing();
    const { tenant, as, someone } = serving;
    await serving.append([eventWith(tenant, { nature: 'FIRE', caller: SECRET })]);
    const body = { entries: [0], disclose: ['caller'] };
    await as(someone('admin'))(makeBundle, { body });
    const [made] = await serving.entries('ledger.bundle.made', 1);
    expect(made).toMatchObject({ object: { type: 'bundle' }, outcome: 'success' });
    const params = { seq: made?.seq ?? -1 };
    const { values } = await as(someone('admin'))(discloseEntry, { params });
    expect(values.map(({ name, value }) => [name, value])).toEqual([
      ['entries', { after: [0] }],
      ['disclosed', { after: [{ seq: 0, fields: ['caller'] }] }],
    ]);
  });

  test('is refused for entries that are not there, too many, twice, or too large together', async () => {
    await using serving = await openServing();
    const { tenant, as, someone } = serving;
    const long = 'x'.repeat(120_000);
    const events = Array.from({ length: 4 }, () => eventWith(tenant, { narrative: long }));
    for (const event of events) await serving.append([event]);
    const ask = as(someone('reviewer'));
    const made = (body: { entries: number[]; disclose?: 'all'; hide?: string[] }) =>
      codeOf(ask(makeBundle, { body }));
    expect(await made({ entries: [0, 9_000] })).toBe('not-found');
    for (const entries of [[], [1, 1], [-1], Array.from({ length: 101 }, (_, seq) => seq)]) {
      expect(await made({ entries })).toBe('validation');
    }
    expect(await made({ entries: [0], hide: ['narrative'] })).toBe('validation');
    expect(await made({ entries: [0, 1, 2, 3], disclose: 'all' })).toBe('too-large');
    expect(await made({ entries: [0, 1], disclose: 'all' })).toBeUndefined();
    const officer = as(someone('officer'));
    expect(await codeOf(officer(makeBundle, { body: { entries: [0] } }))).toBe('forbidden');
  });
});
