import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import { appendEvents, readCheckpoint, verifyLedger } from '#contracts/ledger.ts';
import { discloseEntry, makeBundle } from '#contracts/ledger-evidence.ts';
import {
  approveExpungement,
  listExpungements,
  readExpungement,
  requestExpungement,
} from '#contracts/ledger-expungements.ts';
import { placeLegalHold, releaseLegalHold } from '#contracts/legal-holds.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { verifyBundle } from '#services/ledger/portable/verify-bundle.ts';
import { openLedger } from '#services/ledger/service.ts';
import { auditEventOf } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import { until } from '#test/support/api.ts';
import { bytesBelow } from '#test/support/folder.ts';
import { openTestHost, person } from '#test/support/host.ts';
import { codeOf, openServingWithRecords, type Serving } from './serving.ts';
import { openTamper } from './tamper.ts';

const SECRET = 'PATIENT-4711-ELM-STREET';
const DAY_MS = 24 * 60 * 60 * 1_000;

function eventOf(tenant: string, id: string, after: string): AuditEvent {
  return auditEventOf({
    caller: person({ tenant, roles: ['officer'] }),
    action: 'core-records.incident.updated',
    object: { type: 'incident', id, version: 1 },
    changes: [{ field: 'narrative', after }],
    now: new Date('2031-01-02T10:05:06.789Z'),
  });
}

const asked = (objectId: string) => ({
  scope: { objectType: 'incident', objectId },
  order: '2031-CV-17',
  reason: 'sealed by the juvenile court',
});

/** A log with two records, and the people who can expunge one. */
async function openCase() {
  const serving = await openServingWithRecords();
  const { tenant, someone } = serving;
  await serving.append([
    eventOf(tenant, 'i-1', SECRET),
    eventOf(tenant, 'i-2', 'ALARM'),
    eventOf(tenant, 'i-1', `${SECRET} and more`),
  ]);
  return { serving, admin: someone('admin'), reviewer: someone('reviewer') };
}

function request({ as }: Serving, by: CallerClaims, objectId = 'i-1') {
  return as(by)(requestExpungement, { body: asked(objectId) });
}

function approve({ as }: Serving, by: CallerClaims, id: string) {
  return as(by)(approveExpungement, { params: { id } });
}

async function valuesAt({ as, someone }: Serving, seq: number) {
  const answer = await as(someone('admin'))(discloseEntry, { params: { seq } });
  return { state: answer.state, names: answer.values.map(({ name }) => name) };
}

describe('an expungement', () => {
  test('destroys the values of one record by two persons; the chain and every proof stay', async () => {
    const { serving, admin, reviewer } = await openCase();
    await using _ = serving;
    const { as, tenant } = serving;
    const entries = { entries: [0, 1, 2], disclose: 'all' as const };
    const older = await as(reviewer)(makeBundle, { body: entries });
    const { verifierKey } = await as(reviewer)(readCheckpoint);

    const made = await request(serving, admin);
    expect(made).toMatchObject({ status: 'requested', requestedBy: { id: admin.subject.id } });
    expect(await valuesAt(serving, 0)).toMatchObject({ state: 'disclosed' });
    const done = await approve(serving, reviewer, made.id);
    expect(done).toMatchObject({ status: 'done', approvedBy: { id: reviewer.subject.id } });

    for (const seq of [0, 2]) {
      expect(await valuesAt(serving, seq)).toEqual({ state: 'expunged', names: [] });
    }
    expect(await valuesAt(serving, 1)).toEqual({ state: 'disclosed', names: ['narrative'] });
    const newer = await as(reviewer)(makeBundle, { body: entries });
    expect(JSON.stringify(newer)).not.toContain(older.entries[0]?.disclosures[0]);
    expect(newer.entries).toMatchObject([
      { seq: 0, disclosures: [], expunged: true },
      { seq: 1 },
      { seq: 2, disclosures: [], expunged: true },
    ]);
    for (const bundle of [older, newer]) {
      const report = await verifyBundle({ text: JSON.stringify(bundle), verifierKey });
      expect(report).toMatchObject({ ok: true, failures: [] });
    }
    expect(await as(reviewer)(verifyLedger)).toMatchObject({ ok: true, breaks: [] });

    const [fact] = await serving.entries('ledger.record.expunged', 1);
    expect(fact).toMatchObject({
      seq: done.seq,
      tenant,
      actor: { id: reviewer.subject.id },
      object: { type: 'incident', id: 'i-1' },
    });
    for (const plain of ['2031-CV-17', admin.subject.id, made.id]) {
      expect(fact?.reason).toContain(plain);
    }
    // What it says stays readable, although it is about the record.
    expect(await valuesAt(serving, fact?.seq ?? -1)).toEqual({
      state: 'disclosed',
      names: ['expungement', 'order', 'reason', 'requestedBy', 'approvedBy'],
    });
    const [asking] = await serving.entries('ledger.expungement.requested', 1);
    expect(asking).toMatchObject({ actor: { id: admin.subject.id }, object: { id: made.id } });
    const read = await as(reviewer)(readExpungement, { params: { id: made.id } });
    // How far other services are changes meanwhile.
    const { services: _services, ...carriedOut } = done;
    expect(read).toMatchObject(carriedOut);
    expect((await as(reviewer)(listExpungements)).items).toMatchObject([carriedOut]);
  });

  test('leaves neither the values nor their key in any file of the stores', async () => {
    const { serving, admin, reviewer } = await openCase();
    await using _ = serving;
    const { host, tenant } = serving;
    using tamper = openTamper({ host, tenant });
    const keyRow = tamper.rows('record-key').find(({ id }) => id === 'incident/i-1');
    const sealedKey = keyRow?.bytes ?? Buffer.alloc(0);
    expect(sealedKey.length).toBeGreaterThan(32);
    const isThere = async () => {
      const bytes = await bytesBelow(host.dataDir);
      const encoded = Buffer.from(SECRET).toString('base64url');
      return {
        plain: bytes.includes(SECRET) || bytes.includes(encoded),
        key: bytes.includes(sealedKey),
      };
    };
    expect(await isThere()).toEqual({ plain: false, key: true });
    await approve(serving, reviewer, (await request(serving, admin)).id);
    const keys = tamper.rows('record-key').map(({ id }) => id);
    expect(keys).toContain('incident/i-2');
    expect(keys).toContain('expunged:incident/i-1');
    expect(keys).not.toContain('incident/i-1');
    expect(await isThere()).toEqual({ plain: false, key: false });
  });

  test('done a second time is nothing: no entry, and no harm to values that came later', async () => {
    const { serving, admin, reviewer } = await openCase();
    await using _ = serving;
    const made = await request(serving, admin);
    const done = await approve(serving, reviewer, made.id);
    const later = await serving.append([eventOf(serving.tenant, 'i-1', 'after the order')]);
    const seq = later.results[0]?.seq ?? -1;
    // Other services carry on meanwhile: how far they are is not of the order.
    const { services: _before, ...order } = done;
    const second = await approve(serving, serving.someone('reviewer'), made.id);
    expect(second).toMatchObject(order);
    expect(await valuesAt(serving, seq)).toEqual({ state: 'disclosed', names: ['narrative'] });
    expect(await valuesAt(serving, 0)).toMatchObject({ state: 'expunged' });
    expect((await serving.entries('ledger.record.expunged', 1)).length).toBe(1);
    // What came later needs an order of its own; then the facts of both stay readable.
    const again = await request(serving, admin);
    const both = [done, await approve(serving, reviewer, again.id)];
    expect(await valuesAt(serving, seq)).toMatchObject({ state: 'expunged' });
    for (const each of both) {
      expect(await valuesAt(serving, each.seq ?? -1)).toMatchObject({ state: 'disclosed' });
    }
  });

  test('that several approve at once is carried out once', async () => {
    const { serving, admin } = await openCase();
    await using _ = serving;
    const [one, two] = [await request(serving, admin), await request(serving, admin)];
    const approvals = [one, one, one, two].map(({ id }) =>
      codeOf(approve(serving, serving.someone('reviewer'), id)),
    );
    const codes = await Promise.all(approvals);
    expect(codes.filter((code) => code === undefined).length).toBeGreaterThan(0);
    for (const code of codes) expect([undefined, 'conflict']).toContain(code);
    expect((await serving.entries('ledger.record.expunged', 1)).length).toBe(1);
    expect(await serving.as(admin)(verifyLedger)).toMatchObject({ ok: true });
  });
});

describe('who', () => {
  test('asks cannot approve, and that they tried is in the chain', async () => {
    const { serving, admin } = await openCase();
    await using _ = serving;
    const made = await request(serving, admin);
    // Also in another session, or with another role.
    const again = { ...admin, roles: ['reviewer' as const], session: randomUUIDv7() };
    for (const caller of [admin, again]) {
      expect(await codeOf(approve(serving, caller, made.id))).toBe('forbidden');
    }
    expect(await valuesAt(serving, 0)).toMatchObject({ state: 'disclosed' });
    const refused = await serving.entries('ledger.expungement.approved', 2);
    expect(refused).toMatchObject([
      { outcome: 'refused', object: { type: 'expungement', id: made.id } },
      { outcome: 'refused', actor: { id: admin.subject.id } },
    ]);
  });

  test('has no such role, is a key, or of another department gets nowhere', async () => {
    const { serving, admin, reviewer } = await openCase();
    await using _ = serving;
    const { as, someone, tenant } = serving;
    for (const role of ['reviewer', 'supervisor', 'officer', 'job:core-records'] as const) {
      expect(await codeOf(request(serving, someone(role))), role).toBe('forbidden');
    }
    const key = { ...admin, subject: { type: 'key' as const, id: randomUUIDv7() } };
    expect(await codeOf(request(serving, key))).toBe('forbidden');
    const { id } = await request(serving, admin);
    for (const role of ['supervisor', 'officer', 'job:core-records'] as const) {
      expect(await codeOf(approve(serving, someone(role), id)), role).toBe('forbidden');
    }
    const reviewersKey = { ...reviewer, subject: { type: 'key' as const, id: randomUUIDv7() } };
    expect(await codeOf(approve(serving, reviewersKey, id))).toBe('forbidden');
    const strangers = person({ tenant: randomUUIDv7(), roles: ['admin', 'reviewer'] });
    expect(await codeOf(approve(serving, strangers, id))).toBe('not-found');
    expect(await codeOf(request(serving, strangers))).toBe('not-found');
    expect(await codeOf(as(strangers)(readExpungement, { params: { id } }))).toBe('not-found');
    expect((await as(strangers)(listExpungements)).items).toEqual([]);
    expect(await valuesAt(serving, 0)).toMatchObject({ state: 'disclosed' });
    expect(tenant).not.toBe(strangers.tenant);
  });
});

describe('a request', () => {
  test('for a record that the ledger holds nothing of is refused: a typing error must show', async () => {
    const { serving, admin, reviewer } = await openCase();
    await using _ = serving;
    expect(await codeOf(request(serving, admin, 'i-11'))).toBe('not-found');
    await approve(serving, reviewer, (await request(serving, admin)).id);
    expect(await codeOf(request(serving, admin))).toBe('not-found');
    const { as } = serving;
    const scope = { objectType: 'expungement', objectId: randomUUIDv7() };
    const facts = as(admin)(requestExpungement, { body: { ...asked('i-1'), scope } });
    expect(await codeOf(facts)).toBe('validation');
  });

  test('is not carried out while a legal hold keeps the record, and names the hold', async () => {
    const { serving, admin, reviewer } = await openCase();
    await using _ = serving;
    const { id } = await request(serving, admin);
    const hold = await serving.as(admin)(placeLegalHold, {
      body: {
        reference: '2031-CV-18',
        reason: 'litigation',
        scope: { classes: ['cadMail'], record: { type: 'incident', id: 'i-1' } },
      },
    });
    await expect(approve(serving, reviewer, id)).rejects.toThrow(hold.id);
    expect(await codeOf(approve(serving, reviewer, id))).toBe('conflict');
    expect(await valuesAt(serving, 0)).toMatchObject({ state: 'disclosed' });
    const other = await request(serving, admin, 'i-2');
    expect(await approve(serving, reviewer, other.id)).toMatchObject({ status: 'done' });
    await serving.as(serving.someone('admin'))(releaseLegalHold, {
      params: { id: hold.id },
      body: { reason: 'settled' },
    });
    expect(await approve(serving, reviewer, id)).toMatchObject({ status: 'done' });
  });

  test('expires after seven days, and shows it', async () => {
    const { serving, admin, reviewer } = await openCase();
    await using _ = serving;
    const { id } = await request(serving, admin);
    await serving.advance(7 * DAY_MS);
    expect(await codeOf(approve(serving, reviewer, id))).toBe('gone');
    const read = await serving.as(reviewer)(readExpungement, { params: { id } });
    expect(read.status).toBe('expired');
    expect(await valuesAt(serving, 0)).toMatchObject({ state: 'disclosed' });
    const again = await request(serving, admin);
    await serving.advance(6 * DAY_MS);
    expect(await approve(serving, reviewer, again.id)).toMatchObject({ status: 'done' });
  });
});

test('an order that a service does not carry out is alarmed after an hour, and then each hour', async () => {
  await using host = await openTestHost();
  const { blobs: checkpoints } = await host.host.blobs('checkpoints');
  const parts = { ...(await host.parts('ledger')), checkpoints, host: () => 'ledger.example' };
  await using _records = await openCoreRecords(await host.parts('core-records'));
  const tenant = randomUUIDv7();
  const someone = (role: 'admin' | 'reviewer') => person({ tenant, roles: [role] });
  const { client } = host;
  const alarms = async () =>
    Number(/kind="ledger-expungement-stuck"\} (\d+)/.exec(await parts.metrics.text())?.[1]);
  {
    await using _ledger = await openLedger(parts);
    const body = { events: [eventOf(tenant, 'i-1', SECRET)] };
    await client.call(appendEvents, { body }, jobCaller('core-records', { tenant }));
    const made = await client.call(requestExpungement, { body: asked('i-1') }, someone('admin'));
    // Nobody is there who would destroy its files.
    const params = { id: made.body.id };
    await client.call(approveExpungement, { params }, someone('reviewer'));
    const ask = async () =>
      (await client.call(readExpungement, { params }, someone('reviewer'))).body.services;
    await until('the first service', ask, (services) => services?.['core-records'] === 'done');
    expect(await alarms()).toBe(0);
    host.advance(61 * 60_000);
    await until('the alarm', alarms, (count) => count === 1);
  }
  // Another process tells it by the time of the approval.
  await using _ = await openLedger(parts);
  await until('the alarm', alarms, (count) => count === 2);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await alarms()).toBe(2);
  host.advance(60 * 60_000);
  await until('the alarm', alarms, (count) => count === 3);
});
