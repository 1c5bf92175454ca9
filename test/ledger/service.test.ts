import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as ledger from '#contracts/ledger.ts';
import type { InputOf, Operation } from '#contracts/operation.ts';
import type { Role } from '#contracts/permissions.ts';
import { verifyInclusion } from '#services/ledger/portable/verify.ts';
import { openLedger } from '#services/ledger/service.ts';
import { jobCaller } from '#shared/client.ts';
import type { Problem } from '#shared/problem.ts';
import { openTestHost, person, type TestHost } from '#test/support/host.ts';
import { eventOf, eventsOf } from './fixture.ts';
import { flipped, openTamper } from './tamper.ts';

/** The service with its stores; or one more process of it, on stores that are there. */
async function openService(existing?: { readonly host: TestHost; readonly tenant: string }) {
  await using opened = new AsyncDisposableStack();
  const host = existing?.host ?? opened.use(await openTestHost());
  const tenant = existing?.tenant ?? randomUUIDv7();
  const { blobs: checkpoints } = await host.host.blobs('checkpoints');
  const parts = { ...(await host.parts('ledger')), checkpoints, host: () => 'ledger.example' };
  opened.use(await openLedger(parts));
  const stack = opened.move();

  /** Calls as a person with that role, or as the job of a service. */
  const as =
    (role: Role, of = tenant) =>
    async <Op extends Operation>(operation: Op, input: Partial<InputOf<Op>> = {}) => {
      const job = jobCaller('core-records', { tenant: of });
      const caller = role === 'job:core-records' ? job : person({ tenant: of, roles: [role] });
      return (await host.client.call(operation, input, caller)).body;
    };
  return {
    host,
    metrics: parts.metrics,
    tenant,
    as,
    append: (events: ReturnType<typeof eventsOf>) =>
      as('job:core-records')(ledger.appendEvents, { body: { events } }),
    reviewer: as('reviewer'),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function problemOf(call: Promise<unknown>): Promise<Partial<Problem>> {
  return call.then(
    () => ({}),
    (error: Problem) => ({ code: error.code, message: error.message }),
  );
}

describe('ledger.event.append', () => {
  test('answers where each event stands, and the same again', async () => {
    await using service = await openService();
    const events = eventsOf(service.tenant, 3);
    const { results } = await service.append(events);
    expect(results.map(({ id, status, seq }) => [id, status, seq])).toEqual(
      events.map(({ id }, seq) => [id, 'appended', seq]),
    );
    const again = await service.append(events);
    expect(again.results).toEqual(results.map((each) => ({ ...each, status: 'repeated' })));
  });

  test('refuses events of another tenant than the caller’s, all of them', async () => {
    await using service = await openService();
    const events = [eventOf(service.tenant), eventOf(randomUUIDv7())];
    const problem = await problemOf(service.append(events));
    expect(problem).toMatchObject({ code: 'forbidden' });
    expect(problem.message).toContain('events[1].tenant');
    expect(await service.as('admin')(ledger.listEntries)).toMatchObject({ items: [] });
  });

  test.each(['platform', 'admin', 'reviewer', 'officer'] as const)(
    'refuses a person with the role %s',
    async (role) => {
      await using service = await openService();
      const body = { events: [eventOf(service.tenant)] };
      const call = service.as(role)(ledger.appendEvents, { body });
      expect(await problemOf(call)).toMatchObject({ code: 'forbidden' });
    },
  );

  test('refuses no events, too many, and an id that is no UUIDv7', async () => {
    await using service = await openService();
    const { tenant } = service;
    const bad = [
      [],
      eventsOf(tenant, 257),
      [{ ...eventOf(tenant), id: 'e-1' }],
      [{ ...eventOf(tenant), disclosures: [] }],
    ];
    for (const events of bad) {
      expect(await problemOf(service.append(events))).toMatchObject({ code: 'validation' });
    }
  });
});

describe('reading', () => {
  test('lists by filters and pages; a cursor of somebody else is refused', async () => {
    await using service = await openService();
    const { tenant, reviewer } = service;
    const events = eventsOf(tenant, 10, 5);
    await service.append(events);
    const query = { objectId: 'i-2', limit: 1 };
    const first = await reviewer(ledger.listEntries, { query });
    expect(first.items).toMatchObject([{ seq: 2, object: { id: 'i-2' }, tenant, v: 1 }]);
    expect(first.next).toBeDefined();
    const cursor = first.next ?? '';
    const second = await reviewer(ledger.listEntries, { query: { ...query, cursor } });
    expect(second.items).toMatchObject([{ seq: 7 }]);
    const offset = { from: '2031-01-02T04:05:06-06:00', to: '2031-01-02T04:05:07-06:00' };
    const timed = await reviewer(ledger.listEntries, { query: offset });
    expect(timed.items.length).toBe(10);
    for (const bad of ['x', Buffer.from('seq:-1').toString('base64url'), 'c2VxOjE=']) {
      const call = reviewer(ledger.listEntries, { query: { cursor: bad } });
      expect(await problemOf(call)).toMatchObject({ code: 'invalid-cursor' });
    }
  });

  test('reads the exact bytes, and proves an entry the moment it is appended', async () => {
    await using service = await openService();
    const { reviewer } = service;
    for (let round = 0; round < 3; round += 1) {
      const { results } = await service.append(eventsOf(service.tenant, 2));
      const seq = results[1]?.seq ?? -1;
      const read = await reviewer(ledger.readEntry, { params: { seq } });
      const proof = await reviewer(ledger.proveEntry, { params: { seq } });
      const entry = Buffer.from(read.bytes, 'base64');
      expect(read.leafHash).toBe(results[1]?.leafHash);
      expect(await verifyInclusion({ ...proof, entry })).toMatchObject({ ok: true });
      expect(await verifyInclusion({ ...proof, entry: flipped(entry, 9) })).toMatchObject({
        ok: false,
      });
      const other = { ...proof, seq: seq - 1, entry };
      expect(await verifyInclusion(other)).toMatchObject({ ok: false });
    }
  });

  test('an entry, a tree or a checkpoint that is not there is not found', async () => {
    await using service = await openService();
    const { reviewer } = service;
    expect(await problemOf(reviewer(ledger.readCheckpoint))).toMatchObject({ code: 'not-found' });
    for (const operation of [ledger.readEntry, ledger.proveEntry]) {
      const call = reviewer(operation, { params: { seq: 5 } });
      expect(await problemOf(call)).toMatchObject({ code: 'not-found' });
    }
    const later = reviewer(ledger.proveConsistency, { query: { from: 1, to: 5_000 } });
    expect(await problemOf(later)).toMatchObject({ code: 'not-found' });
    for (const query of [
      { from: 0, to: 0 },
      { from: 3, to: 2 },
    ]) {
      const call = reviewer(ledger.proveConsistency, { query });
      expect(await problemOf(call)).toMatchObject({ code: 'validation' });
    }
  });

  test('checkpoints and consistency proofs fit each other', async () => {
    await using service = await openService();
    const { reviewer } = service;
    await service.append(eventsOf(service.tenant, 4));
    const older = await reviewer(ledger.readCheckpoint);
    await service.append(eventsOf(service.tenant, 9));
    const newer = await reviewer(ledger.readCheckpoint);
    const query = { from: older.size, to: newer.size };
    const proof = await reviewer(ledger.proveConsistency, { query });
    expect(proof).toMatchObject({ fromRoot: older.root, toRoot: newer.root });
    expect(newer.note).toContain(newer.origin);
  });

  test('is itself in the ledger, and verification holds while such entries arrive', async () => {
    await using service = await openService();
    const { reviewer } = service;
    await service.append(eventsOf(service.tenant, 5));
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        if (index % 3 === 0) return reviewer(ledger.verifyLedger);
        if (index % 3 === 1) await reviewer(ledger.proveEntry, { params: { seq: index % 5 } });
        else await service.append(eventsOf(service.tenant, 3));
        return undefined;
      }),
    );
    for (const answer of answers) if (answer !== undefined) expect(answer.ok).toBe(true);
    const deadline = Date.now() + 5_000;
    const query = { objectType: 'ledger' };
    let read = await reviewer(ledger.listEntries, { query });
    while (read.items.length < 8 && Date.now() < deadline) {
      read = await reviewer(ledger.listEntries, { query });
    }
    const actions = new Set(read.items.map(({ action }) => action));
    expect(actions).toContain('ledger.tree.verified');
    expect(actions).toContain('ledger.entry.proved');
  });

  test('is refused to roles without the permission, and shows nothing of another tenant', async () => {
    await using service = await openService();
    await service.append(eventsOf(service.tenant, 3));
    const officer = service.as('officer');
    expect(await problemOf(officer(ledger.listEntries))).toMatchObject({ code: 'forbidden' });
    const stranger = service.as('admin', randomUUIDv7());
    expect((await stranger(ledger.listEntries)).items).toEqual([]);
    const call = stranger(ledger.readEntry, { params: { seq: 0 } });
    expect(await problemOf(call)).toMatchObject({ code: 'not-found' });
    expect(await stranger(ledger.verifyLedger)).toMatchObject({ ok: true });
  });
});

test('a damaged log takes no events after a restart and is alarmed; verification names the damage', async () => {
  await using host = await openTestHost();
  const stores = { host, tenant: randomUUIDv7() };
  const events = eventsOf(stores.tenant, 6);
  {
    await using before = await openService(stores);
    for (let at = 0; at < 6; at += 2) await before.append(events.slice(at, at + 2));
  }
  using tamper = openTamper(stores);
  const [, row] = tamper.rows('block');
  if (row === undefined) throw new Error('no block');
  tamper.put('block', { ...row, bytes: flipped(row.bytes, 300) });
  await using after = await openService(stores);
  // It cannot know any more which events it has.
  const refused = await problemOf(after.append(events));
  expect(refused).toMatchObject({ code: 'unavailable' });
  expect(refused.message).toContain('damaged');
  const verified = await after.reviewer(ledger.verifyLedger);
  expect(verified).toMatchObject({ ok: false, size: 6 });
  expect(verified.breaks).toMatchObject([{ kind: 'altered', seq: 2 }]);
  const alarms = await after.metrics.text();
  expect(alarms).toMatch(/alarms_total\{kind="ledger-verify-failed"\} [1-9]/);
  tamper.put('block', row);
  expect((await after.append(events)).results.map(({ status }) => status)).toEqual(
    Array.from({ length: 6 }, () => 'repeated'),
  );
});
