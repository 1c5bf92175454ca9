/** Raw mails after their department's window, with the real core-records. */
import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readCadMessage, readRawCadMessage, releaseCadMessage } from '#contracts/cad-messages.ts';
import { placeLegalHold, releaseLegalHold } from '#contracts/legal-holds.ts';
import type { InputOf } from '#contracts/operation.ts';
import { changeRetention } from '#contracts/retention.ts';
import { rawKeyOf } from '#services/cad-ingest/message.ts';
import { mayExpire } from '#services/cad-ingest/processing/expired.ts';
import { expireAll } from '#services/cad-ingest/processing/expiry.ts';
import { Problem } from '#shared/problem.ts';
import { openTools } from '#shared/service.ts';
import { person } from '#test/support/host.ts';
import { draft } from '#test/support/proposals.ts';
import { type Department, type Desk, department, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';

const DAY_MS = 24 * 60 * 60_000;

/** A department that keeps its mail for 30 days, in force since a week, with rounds on demand. */
async function openKeeping() {
  await using opened = new AsyncDisposableStack();
  const desk = opened.use(await openDesk());
  const own = department(desk);
  const body = { cadMail: { days: 30 } };
  await desk.client.call(changeRetention, { body }, own.admin);
  const parts = await desk.test.parts('cad-ingest');
  const tools = await openTools(parts);
  opened.defer(() => tools.relay[Symbol.asyncDispose]());
  const { blobs } = await desk.test.host.blobs('cad-mail');
  const expiring = { ...parts, ...tools, blobs };
  const stack = opened.move();
  return {
    desk,
    own,
    expiring,
    round: (faulty: Partial<typeof expiring> = {}) => expireAll({ ...expiring, ...faulty }),
    /** Whether the bytes of a mail are there. */
    has: async (sha256: string) => (await blobs.head(rawKeyOf(own.tenant, sha256))) !== undefined,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function received(desk: Desk, own: Department) {
  const { address } = await own.source();
  await desk.send(dispatchMail(), address);
  return own.messageOnce('processed');
}

const read = async (desk: Desk, own: Department, id: string) =>
  (await desk.client.call(readCadMessage, { params: { id } }, own.admin)).body;

describe('a mail older than the window', () => {
  test('loses its bytes and what it said; hash, size, verdict and result stay, and it is an event', async () => {
    await using keeping = await openKeeping();
    const { desk, own } = keeping;
    const message = await received(desk, own);
    const [incident] = await own.incidents();
    desk.test.advance(29 * DAY_MS);
    await keeping.round();
    expect(await keeping.has(message.sha256)).toBe(true);
    desk.test.advance(2 * DAY_MS);
    await keeping.round();
    expect(await keeping.has(message.sha256)).toBe(false);
    const after = await read(desk, own, message.id);
    const { subject: _subject, version, ...stays } = message;
    expect(after).toEqual({
      ...stays,
      version: version + 1,
      draft: { ...message.draft, fields: {} },
      expired: { at: expect.any(String), days: 30 },
    });
    const raw = desk.client.call(readRawCadMessage, { params: { id: message.id } }, own.admin);
    await expect(raw).rejects.toMatchObject({ code: 'gone' });
    const events = await keeping.expiring.tables.outbox({ after: 0, limit: 1_000 });
    const expired = [...events.map(({ event }) => event), ...desk.events].filter(
      ({ action }) => action === 'cad-ingest.message.expired',
    );
    expect(new Set(expired.map(({ object }) => object.id))).toEqual(new Set([message.id]));
    expect((await own.incidents())[0]).toEqual(incident);
    await keeping.round();
    expect((await read(desk, own, message.id)).version).toBe(after.version);
  });

  test('stays without a window, and when core-records does not answer', async () => {
    await using keeping = await openKeeping();
    const { desk } = keeping;
    const free = department(desk);
    const kept = await received(desk, free);
    const message = await received(desk, keeping.own);
    desk.test.advance(40 * DAY_MS);
    const call = () => Promise.reject(new Problem('unavailable'));
    await keeping.round({ client: { call } });
    expect(await keeping.has(message.sha256)).toBe(true);
    await keeping.round();
    expect(await keeping.has(message.sha256)).toBe(false);
    expect((await read(desk, free, kept.id)).expired).toBeUndefined();
  });

  test('stays while a hold is on it, its incident or everything, and goes when that is released', async () => {
    await using keeping = await openKeeping();
    const { desk, own } = keeping;
    const message = await received(desk, own);
    desk.test.advance(40 * DAY_MS);
    const other = person({ tenant: own.tenant, roles: ['admin'] });
    const records = [
      undefined,
      { type: 'cad-message', id: message.id },
      { type: 'incident', id: message.incidentId ?? '' },
    ];
    for (const record of records) {
      const scope: InputOf<typeof placeLegalHold>['body']['scope'] = {
        classes: ['cadMail'],
        ...(record === undefined ? {} : { record }),
      };
      const body = { reference: 'order 7', reason: 'a lawsuit', scope };
      const hold = (await desk.client.call(placeLegalHold, { body }, own.admin)).body;
      await keeping.round();
      expect(await keeping.has(message.sha256)).toBe(true);
      const release = { params: { id: hold.id }, body: { reason: 'ended' } };
      await desk.client.call(releaseLegalHold, release, other);
    }
    await keeping.round();
    expect(await keeping.has(message.sha256)).toBe(false);
  });

  test('goes in the next round where a crash came between the row and the bytes', async () => {
    await using keeping = await openKeeping();
    const { desk, own, expiring } = keeping;
    const message = await received(desk, own);
    desk.test.advance(40 * DAY_MS);
    const remove = () => Promise.reject(new Error('the process was killed here'));
    await keeping.round({ blobs: { ...expiring.blobs, remove } });
    expect((await read(desk, own, message.id)).expired).toBeDefined();
    expect(await keeping.has(message.sha256)).toBe(true);
    await Promise.all([keeping.round(), keeping.round()]);
    expect(await keeping.has(message.sha256)).toBe(false);
  });

  test('leaves its bytes to a younger one that has the same', async () => {
    await using keeping = await openKeeping();
    const { desk, own } = keeping;
    const raw = dispatchMail();
    await desk.send(raw, (await own.source()).address);
    const old = await own.messageOnce('processed');
    desk.test.advance(20 * DAY_MS);
    const second = await own.source();
    await desk.send(raw, second.address);
    await own.incidentsOnce(2);
    desk.test.advance(15 * DAY_MS);
    await keeping.round();
    expect((await read(desk, own, old.id)).expired).toBeDefined();
    expect(await keeping.has(old.sha256)).toBe(true);
    desk.test.advance(20 * DAY_MS);
    await keeping.round();
    expect(await keeping.has(old.sha256)).toBe(false);
  });

  test('that was quarantined cannot be released any more', async () => {
    await using keeping = await openKeeping();
    const { desk, own } = keeping;
    const { address } = await own.source({ senders: ['other@county.example'] });
    await desk.send(dispatchMail(), address);
    const { id } = await own.messageOnce('quarantined');
    desk.test.advance(40 * DAY_MS);
    await keeping.round();
    const release = desk.client.call(releaseCadMessage, { params: { id } }, own.admin);
    await expect(release).rejects.toMatchObject({ code: 'gone' });
  });
});

test('a mail that is not dealt with yet never expires', () => {
  const at = '2031-01-02T04:05:06.000Z';
  const now = Date.parse(at) + 400 * DAY_MS;
  const retained = { window: { days: 30 }, holds: [] };
  const message = (status: 'received' | 'processed' | 'failed' | 'rejected' | 'quarantined') => ({
    id: randomUUIDv7(),
    version: 1,
    value: {
      sourceId: randomUUIDv7(),
      status,
      receivedAt: at,
      sizeBytes: 1,
      sha256: '0'.repeat(64),
      trust: { verdict: 'trusted' as const, reasons: [] },
      tries: 0,
      workId: '0'.repeat(64),
      timeZone: 'UTC',
      touchedAt: at,
      stalls: 0,
      draft: draft(),
    },
  });
  for (const status of ['received', 'failed'] as const) {
    expect(mayExpire(message(status), retained, now)).toBe(false);
  }
  for (const status of ['processed', 'rejected', 'quarantined'] as const) {
    expect(mayExpire(message(status), retained, now)).toBe(true);
    expect(mayExpire(message(status), { holds: [] }, now)).toBe(false);
  }
});
