/** What the relay makes of a ledger that cannot be reached, on real tables, with a clock that is moved. */
import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { openClient } from '#shared/client.ts';
import { openContextSigner } from '#shared/context.ts';
import { openMetrics } from '#shared/metrics.ts';
import { openOutages } from '#shared/outages.ts';
import { openRelay } from '#shared/relay.ts';
import { until } from '#test/support/api.ts';
import { openTestHost } from '#test/support/host.ts';
import { serveLedger } from '#test/support/ledger.ts';

const tenant = randomUUIDv7();
const neighbour = randomUUIDv7();
const nobody: ReadonlySet<string> = new Set();
const stuck = { isRead: true, stuck: new Set([tenant]) };
const free = { isRead: true, stuck: nobody };
const unread = { isRead: false, stuck: nobody };

async function open() {
  const host = await openTestHost();
  const metrics = openMetrics();
  // A clock that stands still between two moves of it.
  let now = Date.parse('2031-01-02T10:00:00.000Z');
  const parts = {
    ...(await host.parts('core-records')),
    metrics,
    service: 'core-records',
  } as const;
  const clock = () => now;
  return {
    host,
    advance: (seconds: number) => {
      now += seconds * 1_000;
    },
    clock,
    process: () => openOutages({ ...parts, clock }),
    alarms: () => alarmsIn(metrics),
    marks: async () =>
      (await parts.tables.outbox({ after: 0, limit: 10 })).map(({ event }) => event),
    rows: async () => parts.tables.forTenant(tenant).list({ kind: 'ledger-outage', limit: 10 }),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

async function alarmsIn(metrics: ReturnType<typeof openMetrics>): Promise<number> {
  const found = /alarms_total\{kind="ledger-append-failed"\} (\d+)/.exec(await metrics.text());
  return Number(found?.[1]);
}

function eventOf(id = randomUUIDv7()): AuditEvent {
  return {
    id,
    tenant,
    at: '2031-01-02T10:00:00.000Z',
    actor: { type: 'user', id: 'someone' },
    action: 'core-records.incident.created',
    object: { type: 'incident', id: 'i-1', version: 1 },
    outcome: 'success',
    requestId: 'request',
    disclosures: ['c2FsdA'],
  };
}

/** Values that the event commits to. */
function disclosed({ disclosures }: AuditEvent): Record<string, unknown> {
  return Object.fromEntries(
    disclosures.map((each) => {
      const [, name, value] = JSON.parse(Buffer.from(each, 'base64url').toString());
      return [name, value.after];
    }),
  );
}

describe('the alarm', () => {
  test('comes within a minute, then once a minute while it lasts, however often is tried', async () => {
    await using place = await open();
    const outages = place.process();
    const alarmsAfter = async (seconds: number) => {
      place.advance(seconds);
      for (let tries = 0; tries < 5; tries += 1) await outages.passDone(stuck);
      return place.alarms();
    };
    expect(await alarmsAfter(0)).toBe(0);
    expect(await alarmsAfter(9)).toBe(0);
    expect(await alarmsAfter(1)).toBe(1);
    expect(await alarmsAfter(59)).toBe(1);
    expect(await alarmsAfter(1)).toBe(2);
    await outages.passDone(free);
    expect(await alarmsAfter(120)).toBe(2);
    expect(await alarmsAfter(10)).toBe(3);
  });

  test('comes too when the outbox cannot be read', async () => {
    await using place = await open();
    const outages = place.process();
    await outages.passDone(unread);
    place.advance(30);
    await outages.passDone(unread);
    expect(await place.alarms()).toBe(1);
  });
});

describe('the mark of an outage', () => {
  test('is left once, and says from when to when and how many events waited', async () => {
    await using place = await open();
    const outages = place.process();
    const since = place.clock();
    outages.failed(tenant, since);
    await outages.passDone(stuck);
    expect(await place.rows()).toEqual([]);
    place.advance(12);
    outages.failed(tenant, place.clock());
    outages.appended(tenant, 4);
    await outages.passDone(stuck);
    expect((await place.rows()).length).toBe(1);
    // While it cannot be known, it is not over.
    await outages.passDone(unread);
    expect(await place.marks()).toEqual([]);
    place.advance(3);
    outages.appended(tenant, 3);
    await outages.passDone(free);
    await outages.passDone(free);
    const [mark, ...others] = await place.marks();
    expect(others).toEqual([]);
    expect(await place.rows()).toEqual([]);
    expect(mark).toMatchObject({
      tenant,
      at: '2031-01-02T10:00:15.000Z',
      actor: { type: 'service', id: 'core-records' },
      action: 'ledger.outage.recovered',
      object: { type: 'service', id: 'core-records' },
      reason:
        'from 2031-01-02T10:00:00.000Z to 2031-01-02T10:00:15.000Z the ledger took no events; 7 waited',
    });
    expect(mark && disclosed(mark)).toEqual({
      from: '2031-01-02T10:00:00.000Z',
      to: '2031-01-02T10:00:15.000Z',
      delayedEvents: 7,
    });
  });

  test('is not left by a delay of seconds', async () => {
    await using place = await open();
    const outages = place.process();
    outages.failed(tenant, place.clock());
    place.advance(9);
    await outages.passDone(stuck);
    place.advance(9);
    await outages.passDone(free);
    expect([await place.marks(), await place.rows()]).toEqual([[], []]);
  });

  test('is not left for a tenant whose events arrived all the time', async () => {
    await using place = await open();
    const outages = place.process();
    outages.failed(tenant, place.clock());
    for (const seconds of [0, 20, 20]) {
      place.advance(seconds);
      outages.appended(neighbour, 2);
      await outages.passDone(stuck);
    }
    await outages.passDone(free);
    expect((await place.marks()).map((event) => event.tenant)).toEqual([tenant]);
  });

  test('is left by the next process when this one was stopped meanwhile', async () => {
    await using place = await open();
    const stopped = place.process();
    stopped.failed(tenant, place.clock());
    place.advance(20);
    await stopped.passDone(stuck);

    const next = place.process();
    place.advance(20);
    next.failed(tenant, place.clock());
    place.advance(20);
    await next.passDone(stuck);

    const last = place.process();
    last.appended(tenant, 5);
    await last.passDone(free);
    const marks = await place.marks();
    expect(marks.map(disclosed)).toEqual([
      { from: '2031-01-02T10:00:00.000Z', to: '2031-01-02T10:01:00.000Z', delayedEvents: 5 },
    ]);
  });

  test('is left by one of two processes that both saw the outage', async () => {
    await using place = await open();
    const both = [place.process(), place.process()];
    for (const each of both) each.failed(tenant, place.clock());
    place.advance(20);
    for (const each of both) await each.passDone(stuck);
    await Promise.all(both.map((each) => each.passDone(free)));
    expect((await place.marks()).length).toBe(1);
  });
});

test('the relay: events wait, arrive in order, and the mark stands behind them in the chain', async () => {
  await using place = await open();
  const { host, clock, advance } = place;
  const metrics = openMetrics();
  const parts = { ...(await host.parts('core-records')), metrics };
  const signer = openContextSigner(parts.vault, 'core-records', host.clock);
  const client = openClient(parts.bus, signer);
  const events = [eventOf(), eventOf()];
  await parts.tables.forTenant(tenant).write({ changes: [], events });
  await using _ = await openRelay({ ...parts, client, service: 'core-records', clock });
  // Nobody serves the ledger's operations: every try fails at once.
  const firstPass = 'watchdesk_outbox_events{service="core-records"} 2';
  await until(
    'the first try',
    () => metrics.text(),
    (text) => text.includes(firstPass),
  );
  advance(11);
  await until(
    'the alarm',
    () => alarmsIn(metrics),
    (alarms) => alarms === 1,
  );
  await using ledger = await serveLedger(parts.bus);
  await until(
    'the mark',
    async () => ledger.events,
    (kept) => kept.length === 3,
  );
  expect(ledger.events.map(({ id }) => id).slice(0, 2)).toEqual(events.map(({ id }) => id));
  expect(ledger.events[2]).toMatchObject({ action: 'ledger.outage.recovered', tenant });
  expect(await alarmsIn(metrics)).toBe(1);
});
