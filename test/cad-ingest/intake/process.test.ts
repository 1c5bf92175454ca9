import { hash, randomUUIDv7 } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CadDraft } from '#contracts/cad-fields.ts';
import {
  getMessage,
  type MessageRow,
  messageChanges,
  rawKeyOf,
} from '#services/cad-ingest/message.ts';
import { type ProcessingParts, processMessage } from '#services/cad-ingest/processing/process.ts';
import type { Reader } from '#services/cad-ingest/processing/reader.ts';
import type { Client } from '#shared/client.ts';
import { Problem } from '#shared/problem.ts';
import type { Relay } from '#shared/relay.ts';
import { openTestHost, type TestHost } from '#test/support/host.ts';
import { draft } from '#test/support/proposals.ts';
import type { Proposal } from './desk.ts';
import { dispatchMail } from './mails.ts';

const tenant = randomUUIDv7();
const raw = Buffer.from(dispatchMail());

let host: TestHost;
let parts: ProcessingParts;
let proposals: Proposal[];
let work: { readonly tenant: string; readonly id: string };
beforeEach(async () => {
  host = await openTestHost();
  proposals = [];
  const { blobs } = await host.host.blobs('cad-mail');
  await blobs.put(rawKeyOf(tenant, hash('sha256', raw)), raw);
  parts = {
    ...(await host.parts('cad-ingest')),
    blobs,
    reader: reading({ kind: 'read', drafts: [draft()] }),
    client: answering(() => undefined),
    relay: { assertRoom: () => undefined, kick: () => undefined } as unknown as Relay,
  };
  work = { tenant, id: await keptMessage() };
});
afterEach(() => host[Symbol.asyncDispose]());

const reading = (answer: Awaited<ReturnType<Reader['read']>>): Reader => ({
  read: async () => answer,
  [Symbol.asyncDispose]: async () => undefined,
});

/** core-records, with something that happens while it answers. */
function answering(meanwhile: () => unknown): Client {
  const call = async (_: unknown, input: { body: Proposal }) => {
    proposals.push(input.body);
    await meanwhile();
    const body = { incidentId: tenant, outcome: 'created', needsReview: false };
    return { ok: true, body };
  };
  return { call } as unknown as Client;
}

async function keptMessage(workId?: string): Promise<string> {
  const id = randomUUIDv7();
  const at = new Date().toISOString();
  const value: MessageRow = {
    sourceId: randomUUIDv7(),
    status: 'received',
    receivedAt: at,
    sizeBytes: raw.length,
    sha256: hash('sha256', raw),
    trust: { verdict: 'trusted', reasons: ['network-listed'] },
    tries: 0,
    workId: workId ?? hash('sha256', id),
    timeZone: 'America/Chicago',
    touchedAt: at,
    stalls: 0,
  };
  await write(id, value);
  return id;
}

const tables = () => parts.tables.forTenant(tenant);

async function write(id: string, value: MessageRow): Promise<void> {
  const before = await getMessage(tables(), id);
  const changes = messageChanges(id, value, before);
  await tables().write({ changes, events: [], unaudited: 'a test' });
}

const row = async () => (await getMessage(tables(), work.id))?.value;

describe('the reader is stopped', () => {
  test('at the first try, which is made again; at the second the mail goes to review', async () => {
    parts = { ...parts, reader: reading({ kind: 'overrun' }) };
    expect(await processMessage(parts, work, 1)).toEqual({ kind: 'again', delayMs: 1_000 });
    expect(await row()).toMatchObject({ status: 'received', tries: 1 });
    expect(proposals).toEqual([]);
    expect(await processMessage(parts, work, 2)).toEqual({ kind: 'done' });
    expect(await row()).toMatchObject({ status: 'processed', reason: 'reading-failed', tries: 2 });
    expect(proposals[0]?.draft).toMatchObject({ kind: 'other', fields: {} });
    expect(await parts.metrics.text()).toContain('watchdesk_alarms_total{kind="parse-failed"} 1');
  });
});

describe('a mail with three calls', () => {
  const numbers = ['1', '2', '3'];
  const drafts = numbers.map((number) => draft({ fields: { number } }));
  const proposed = () => proposals.map(({ draft }) => draft.fields.number ?? draft.kind);

  test('is proposed call by call, each with a work id of its own that stays the same', async () => {
    parts = { ...parts, reader: reading({ kind: 'read', drafts: drafts as [CadDraft] }) };
    await processMessage(parts, work, 1);
    const ids = proposals.map(({ workId }) => workId);
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toBe((await row())?.workId);
    work = { tenant, id: await keptMessage(ids[0]) };
    await processMessage(parts, work, 1);
    expect(proposals.slice(3).map(({ workId }) => workId)).toEqual(ids);
  });

  test('one that core-records breaks on goes to review, and so do those behind it; none is lost', async () => {
    const breaks = () => {
      if (proposals.at(-1)?.draft.fields.number === '2') throw new Problem('internal');
    };
    const client = answering(breaks);
    parts = { ...parts, client, reader: reading({ kind: 'read', drafts: drafts as [CadDraft] }) };
    for (const delivery of [1, 2]) {
      expect(await processMessage(parts, work, delivery)).toMatchObject({ kind: 'again' });
    }
    expect(proposed()).toEqual(['1', '2', '1', '2']);
    expect(await processMessage(parts, work, 3)).toEqual({ kind: 'done' });
    expect(proposed().slice(4)).toEqual(['other', 'other', 'other']);
    expect(new Set(proposals.slice(4).map(({ workId }) => workId)).size).toBe(3);
    expect(await row()).toMatchObject({ status: 'processed', pages: [{}, {}, {}] });
  });
});

describe('somebody else is quicker', () => {
  test('a message that is done already is left alone', async () => {
    await processMessage(parts, work, 1);
    expect(await processMessage(parts, work, 1)).toEqual({ kind: 'done' });
    expect(proposals).toHaveLength(1);
  });

  test('a row that changed meanwhile is read again and then finished', async () => {
    const touch = async () => {
      const now = await row();
      if (now !== undefined) await write(work.id, { ...now, stalls: 1 });
    };
    parts = { ...parts, client: answering(touch) };
    expect(await processMessage(parts, work, 1)).toEqual({ kind: 'done' });
    expect(await row()).toMatchObject({ status: 'processed', stalls: 0 });
  });

  test('two deliveries at once end as one', async () => {
    await Promise.all([processMessage(parts, work, 1), processMessage(parts, work, 1)]);
    expect(await row()).toMatchObject({ status: 'processed', tries: 1 });
    expect(new Set(proposals.map(({ workId }) => workId)).size).toBe(1);
  });
});

describe('a mail that is read again', () => {
  const readBefore = async (about: Partial<MessageRow> = {}) => {
    const now = await row();
    if (now === undefined) throw new Error('there is no message');
    const earlier = draft({ profile: 'generic' });
    const readings = [
      { at: now.receivedAt, kind: 'dispatch', profile: 'generic', confidence: 0.9 },
    ];
    const incident = { incidentId: tenant, outcome: 'created' };
    const value = { ...now, ...incident, draft: earlier, reading: 2, readings, ...about };
    await write(work.id, value as MessageRow);
  };

  test('is proposed as the same reading after a crash behind the proposal', async () => {
    await readBefore();
    const later = draft({ profile: 'county', profileVersion: 3 });
    parts = { ...parts, reader: reading({ kind: 'read', drafts: [later] }) };
    const whole = parts.tables;
    const crash = answering(() => {
      parts.tables.forTenant = () => {
        throw new Error('the process is gone');
      };
    });
    const dying = { ...parts, client: crash, tables: { ...whole, forTenant: whole.forTenant } };
    parts = dying;
    await expect(processMessage(dying, work, 1)).rejects.toThrow('the process is gone');
    parts = { ...dying, tables: whole, client: answering(() => undefined) };
    expect(await row()).toMatchObject({ status: 'received', readings: [{ profile: 'generic' }] });
    await processMessage(parts, work, 2);
    expect(proposals.map((each) => each.reading)).toEqual([2, 2]);
    expect(await row()).toMatchObject({
      status: 'processed',
      readings: [{ profile: 'generic' }, { profile: 'county', profileVersion: 3 }],
    });
  });

  test('keeps the calls that the new reading does not find, and is asked for no others', async () => {
    const one = { draft: draft(), incidentId: tenant, outcome: 'created' as const };
    await readBefore({ pages: [one, { ...one, incidentId: work.id }], pageCount: 2 });
    await processMessage(parts, work, 1);
    expect(proposals).toHaveLength(1);
    expect((await row())?.pages?.map(({ incidentId }) => incidentId)).toEqual([tenant, work.id]);
  });

  test('and cannot be read stays what it was', async () => {
    await readBefore();
    const before = await row();
    parts = { ...parts, reader: reading({ kind: 'refused', because: 'mime-broken' }) };
    await processMessage(parts, work, 1);
    expect(proposals).toEqual([]);
    const { draft: kept, readings } = before ?? {};
    expect(await row()).toMatchObject({
      status: 'processed',
      reason: 'mime-broken',
      draft: kept,
      readings,
    });
  });
});

test('raw bytes that are not the ones received are not read', async () => {
  const get = async () => (await parts.blobs.get(rawKeyOf(tenant, hash('sha256', other)))) as never;
  const other = Buffer.from('altered');
  await parts.blobs.put(rawKeyOf(tenant, hash('sha256', other)), other);
  const altered = { ...parts, blobs: { ...parts.blobs, get } };
  expect(await processMessage(altered, work, 1)).toEqual({ kind: 'done' });
  expect(await row()).toMatchObject({ status: 'processed', reason: 'raw-mail-altered' });
});

test('a message of another tenant, or none, is no work', async () => {
  const elsewhere = { tenant: randomUUIDv7(), id: work.id };
  expect(await processMessage(parts, elsewhere, 1)).toEqual({ kind: 'done' });
  expect(proposals).toEqual([]);
});
