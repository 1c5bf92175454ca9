/** Values whose key was taken away are told from values that were expunged, by the stores alone. */
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { type Look, lookInto } from '#services/ledger/chain/look.ts';
import type { BlockReader } from '#services/ledger/chain/verify.ts';
import { watchKeys } from '#services/ledger/verify/key-watch.ts';
import { openBlockReader } from '#services/ledger/verify/log-reader.ts';
import { auditEventOf } from '#shared/audit.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { person } from '#test/support/host.ts';
import { eventOf, type Fixture, openFixture } from './fixture.ts';
import { openTamper } from './tamper.ts';

const RECORD = 'incident/i-1';

/** A record with two entries, another one, and the first one expunged between its entries. */
async function openCase() {
  const fixture = await openFixture();
  const { tenant } = fixture;
  {
    await using log = await fixture.open();
    await log.append([eventOf(tenant), eventOf(tenant, { record: 'i-2' })]);
    const event = auditEventOf({
      caller: person({ tenant, roles: ['reviewer'] }),
      action: 'ledger.record.expunged',
      object: { type: 'incident', id: 'i-1' },
      now: new Date('2031-01-02T10:05:06.789Z'),
    });
    const beside = async () => [];
    await log.expunge({ event, record: RECORD, beside });
    await log.append([eventOf(tenant, { version: 2 })]);
  }
  return fixture;
}

describe('a key that is not in the store', () => {
  test('is no break where an entry behind its values says that it was destroyed', async () => {
    await using fixture = await openCase();
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 4, breaks: [] });
  });

  test('that somebody took away is one break that names entry and record', async () => {
    await using fixture = await openCase();
    using tamper = openTamper(fixture);
    tamper.remove('record-key', 'incident/i-2');
    expect((await fixture.verify()).breaks).toEqual([
      { seq: 1, kind: 'missing', detail: expect.stringContaining('incident/i-2') },
    ]);
  });

  test('is a break also where an older expungement of the record stands before its values', async () => {
    await using fixture = await openCase();
    using tamper = openTamper(fixture);
    tamper.remove('record-key', RECORD);
    expect((await fixture.verify()).breaks).toMatchObject([{ seq: 3, kind: 'missing' }]);
  });

  test('is a break where it sealed what tells of an expungement: nothing destroys that', async () => {
    await using fixture = await openCase();
    using tamper = openTamper(fixture);
    tamper.remove('record-key', `expunged:${RECORD}`);
    expect((await fixture.verify()).breaks).toMatchObject([{ seq: 2, kind: 'missing' }]);
  });

  test('is a break where the key of a later generation stands in its row', async () => {
    await using fixture = await openCase();
    using tamper = openTamper(fixture);
    const other = tamper.rows('record-key').find(({ id }) => id === RECORD);
    if (other === undefined) throw new Error('no key');
    tamper.put('record-key', { ...other, id: 'incident/i-2' });
    expect((await fixture.verify()).breaks).toMatchObject([{ seq: 1, kind: 'missing' }]);
  });

  test('is not looked for past the range that was asked for', async () => {
    await using fixture = await openCase();
    expect(await fixture.verify({ to: 1 })).toMatchObject({ ok: true, breaks: [] });
  });
});

/** A log whose blocks are these lists of records, each entry of one record. */
async function openRecords(...blocks: readonly (readonly string[])[]) {
  const fixture = await openFixture();
  await using log = await fixture.open();
  for (const records of blocks) {
    await log.append(records.map((record) => eventOf(fixture.tenant, { record })));
  }
  return fixture;
}

/** Tables that tell which keys are asked for by name, and of which some kinds cannot be listed. */
function openAsked(fixture: Fixture, ...unlisted: readonly string[]) {
  const tables = fixture.tables.forTenant(fixture.tenant);
  const asked: string[] = [];
  const through: TenantTables = {
    ...tables,
    async get(key) {
      if (key.kind === 'record-key') asked.push(key.id);
      return tables.get(key);
    },
    async list(request) {
      if (unlisted.includes(request.kind)) throw new Error('the store is away');
      return tables.list(request);
    },
  };
  return { tables: through, asked };
}

/** What the watch has found once all blocks are read. */
async function foundIn(tables: TenantTables, blocks: BlockReader = openBlockReader(tables)) {
  const watch = await watchKeys(tables, blocks);
  const last = (await blocks.last()) ?? -1;
  for (let blockNo = 0; blockNo <= last; blockNo += 1) await watch.blocks.read(blockNo);
  return watch.finish();
}

const detailOf = (record: string) =>
  `values: the key of ${record} is not in the store, and no entry says that it was destroyed`;

const expunged = (tenant: string, action: string) =>
  auditEventOf({
    caller: person({ tenant, roles: ['reviewer'] }),
    action,
    object: { type: 'incident', id: 'i-1' },
    now: new Date('2031-01-02T10:05:06.789Z'),
  });

describe('the watch', () => {
  test('asks for no key by name where all are there', async () => {
    await using fixture = await openRecords(['i-1', 'i-2'], ['i-3']);
    const { tables, asked } = openAsked(fixture);
    expect(await foundIn(tables)).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('asks for those that it could not list, and for those that were made since it began', async () => {
    await using fixture = await openRecords(['i-1', 'i-2', 'i-1'], ['i-1']);
    const { tables, asked } = openAsked(fixture, 'record-key');
    expect(await foundIn(tables)).toEqual([]);
    expect(asked).toEqual(['incident/i-1', 'incident/i-2']);
    const since = openAsked(fixture);
    const watch = await watchKeys(since.tables, openBlockReader(since.tables));
    {
      await using log = await fixture.open();
      await log.append([eventOf(fixture.tenant, { record: 'i-4' })]);
    }
    for (const blockNo of [0, 1, 2, 3]) await watch.blocks.read(blockNo);
    expect(await watch.finish()).toEqual([]);
    expect(since.asked).toEqual(['incident/i-4']);
  });

  test('names the first and the last entry, and the record, where a row is gone or no key', async () => {
    await using fixture = await openRecords(['i-1', 'i-2', 'i-3'], ['i-2', 'i-1'], ['i-2']);
    const { tables } = openAsked(fixture);
    using tamper = openTamper(fixture);
    tamper.remove('record-key', 'incident/i-2');
    tamper.put('record-key', { id: 'incident/i-3', value: '{}', bytes: Buffer.alloc(0) });
    expect(await foundIn(tables)).toEqual([
      { seq: 1, lastSeq: 5, kind: 'missing', detail: detailOf('incident/i-2') },
      { seq: 2, kind: 'missing', detail: detailOf('incident/i-3') },
    ]);
  });

  test('names a thousand at most', async () => {
    const records = Array.from({ length: 1_002 }, (_, n) => `r-${n}`);
    await using fixture = await openRecords(records);
    const { tables } = openAsked(fixture);
    const isKey = ({ kind }: { readonly kind: string }) => kind === 'record-key';
    const keyless: TenantTables = {
      ...tables,
      get: async (key) => (isKey(key) ? undefined : tables.get(key)),
      list: async (request) => (isKey(request) ? [] : tables.list(request)),
    };
    expect(await foundIn(keyless)).toHaveLength(1_000);
  });

  test('leaves blocks that are not what was written to the walk', async () => {
    await using fixture = await openRecords(['i-1', 'i-2'], ['i-3'], ['i-4']);
    const { tables } = openAsked(fixture);
    using tamper = openTamper(fixture);
    const [one, two, three] = tamper.rows('block');
    if (!one || !two || !three) throw new Error('no blocks');
    for (const n of [1, 2, 3, 4]) tamper.remove('record-key', `incident/i-${n}`);
    const header = { ...JSON.parse(one.value), bodyHash: 'a'.repeat(64) };
    tamper.put('block', { ...one, value: JSON.stringify(header) });
    tamper.put('block', { ...two, value: '{}' });
    tamper.put('block', { ...three, bytes: Buffer.from('no body') });
    expect(await foundIn(tables)).toEqual([]);
  });

  test('believes a look at a block, and unpacks none in which all keys are there', async () => {
    await using fixture = await openRecords(['i-1', 'i-2', 'i-3'], ['i-4']);
    const { tables } = openAsked(fixture);
    const blocks = openBlockReader(tables);
    const looked = (change: (look: Look) => { look: Look; body?: Buffer }): BlockReader => ({
      ...blocks,
      async read(blockNo) {
        const stored = await blocks.read(blockNo);
        const sound = stored && lookInto(fixture.tenant, stored);
        return stored && { ...stored, header: undefined, ...change({ sound }) };
      },
    });
    const body = Buffer.from('no body');
    expect(
      await foundIn(
        tables,
        looked((look) => ({ look, body })),
      ),
    ).toEqual([]);
    using tamper = openTamper(fixture);
    tamper.remove('record-key', 'incident/i-3');
    const missing = [{ seq: 2, kind: 'missing', detail: detailOf('incident/i-3') }];
    expect(
      await foundIn(
        tables,
        looked((look) => ({ look })),
      ),
    ).toEqual(missing);
    // Where it could not tell the seals apart, and where it is not sound.
    const untold = looked(({ sound }) => {
      const { keyIds: _, ...rest } = sound ?? {};
      return { look: { sound: rest as NonNullable<typeof sound> } };
    });
    expect(await foundIn(tables, untold)).toEqual(missing);
    expect(
      await foundIn(
        tables,
        looked(() => ({ look: { sound: undefined } })),
      ),
    ).toEqual([]);
  });

  test('takes no entry for an expungement that has not its block to itself, or was altered', async () => {
    await using fixture = await openRecords(['i-1']);
    const { tenant } = fixture;
    const event = expunged(tenant, 'ledger.record.expunged');
    const found = async () => (await foundIn(openAsked(fixture).tables)).map(({ seq }) => seq);
    {
      await using log = await fixture.open();
      await log.append([event, eventOf(tenant, { record: 'i-2' })]);
    }
    using tamper = openTamper(fixture);
    tamper.remove('record-key', RECORD);
    expect(await found()).toEqual([0]);
    {
      await using log = await fixture.open();
      await log.append([expunged(tenant, 'ledger.record.expunged')]);
    }
    expect(await found()).toEqual([]);
    const row = tamper.rows('block').at(-1);
    if (row === undefined) throw new Error('no block');
    const header = { ...JSON.parse(row.value), bodyHash: 'a'.repeat(64) };
    tamper.put('block', { ...row, value: JSON.stringify(header) });
    expect(await found()).toEqual([0]);
  });
});

describe('a key that an order about fields replaced', () => {
  /** Values, the order about them, and the row of the key that is there now. */
  async function openReplaced() {
    const fixture = await openRecords(['i-1', 'i-1', 'i-2']);
    const append = async (event: AuditEvent) => {
      await using log = await fixture.open();
      await log.append([event]);
    };
    await append(expunged(fixture.tenant, 'ledger.field.expunged'));
    const tamper = openTamper(fixture);
    const keyId = '0123456789abcdef';
    const put = (value: object) => {
      const text = JSON.stringify(value);
      tamper.put('record-key', { id: RECORD, value: text, bytes: Buffer.alloc(0) });
    };
    const keep = (count: number) => {
      for (let n = 0; n < count; n += 1) {
        const part = { id: `${keyId}/000${n}`, value: '{}', bytes: Buffer.alloc(0) };
        tamper.put('kept-values', part);
      }
    };
    const close = async () => {
      tamper[Symbol.dispose]();
      await fixture[Symbol.asyncDispose]();
    };
    return { ...fixture, tamper, keyId, put, keep, append, [Symbol.asyncDispose]: close };
  }

  const left = {
    seq: 0,
    lastSeq: 1,
    kind: 'missing',
    detail: `values: what an expungement of fields left of ${RECORD} is not in the store`,
  };
  const gone = { seq: 0, lastSeq: 1, kind: 'missing', detail: detailOf(RECORD) };

  test('is no break where all is there that the order left, and one where a part of it is not', async () => {
    await using log = await openReplaced();
    const { tables } = openAsked(log);
    log.put({ v: 2, keyId: log.keyId, parts: 2 });
    expect(await foundIn(tables)).toEqual([left]);
    log.keep(1);
    expect(await foundIn(tables)).toEqual([left]);
    log.keep(2);
    expect(await foundIn(tables)).toEqual([]);
    expect(await foundIn(openAsked(log, 'kept-values').tables)).toEqual([left]);
    log.put({ v: 2, keyId: log.keyId, parts: 0 });
    expect(await foundIn(tables)).toEqual([left]);
  });

  test('left nothing that a key of the older form, or none, could be of', async () => {
    await using log = await openReplaced();
    const { tables } = openAsked(log);
    log.put({ v: 1, keyId: log.keyId });
    expect(await foundIn(tables)).toEqual([left]);
    log.tamper.remove('record-key', RECORD);
    expect(await foundIn(tables)).toEqual([left]);
  });

  test('is a break as any other where the order stands before the values', async () => {
    await using log = await openReplaced();
    const { tables } = openAsked(log);
    await log.append(eventOf(log.tenant));
    log.put({ v: 2, keyId: log.keyId, parts: 0 });
    expect(await foundIn(tables)).toEqual([{ ...gone, lastSeq: 4 }]);
  });

  test('needs no parts where the record is expunged as a whole behind it', async () => {
    await using log = await openReplaced();
    const { tables } = openAsked(log);
    await log.append(expunged(log.tenant, 'ledger.record.expunged'));
    log.put({ v: 2, keyId: log.keyId, parts: 7 });
    expect(await foundIn(tables)).toEqual([]);
  });
});
