/** Values whose key was taken away are told from values that were expunged, by the stores alone. */
import { describe, expect, test } from 'vitest';
import { auditEventOf } from '#shared/audit.ts';
import { person } from '#test/support/host.ts';
import { eventOf, openFixture } from './fixture.ts';
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
