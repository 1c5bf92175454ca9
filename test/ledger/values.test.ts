import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventOf, type Fixture, openFixture } from './fixture.ts';
import { openTamper } from './tamper.ts';

const SECRET = 'PATIENT-4711-ELM-STREET';

async function removeKey(fixture: Fixture, record: string): Promise<void> {
  const tables = fixture.tables.forTenant(fixture.tenant);
  const row = await tables.get({ kind: 'record-key', id: record });
  if (row === undefined) throw new Error('no key');
  const { kind, id, version: expect } = row;
  const changes = [{ remove: { kind, id }, expect }];
  await tables.write({ changes, events: [], unaudited: 'a court ordered it' });
}

describe('values', () => {
  test('can be opened again, event by event', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const events = [
      eventOf(tenant, { record: 'i-1', value: SECRET }),
      eventOf(tenant, { record: 'i-2', value: { nested: [SECRET] } }),
      eventOf(tenant, { record: 'i-1', value: null }),
    ];
    {
      await using log = await fixture.open();
      await log.append(events);
    }
    await using log = await fixture.open();
    for (const [seq, event] of events.entries()) {
      expect(await log.disclosures(seq)).toEqual(event.disclosures);
    }
    const keys = await fixture.tables.forTenant(tenant).list({ kind: 'record-key', limit: 10 });
    expect(keys.map(({ id }) => id)).toEqual(['incident/i-1', 'incident/i-2']);
  });

  test('are in no file of the store in plain, nor as they came, nor are their keys', async () => {
    await using fixture = await openFixture();
    const event = eventOf(fixture.tenant, { value: SECRET });
    const [disclosure = ''] = event.disclosures;
    {
      await using log = await fixture.open();
      await log.append([event]);
      await log.append([{ ...event, reason: 'a conflict is kept as well' }]);
      await log.checkpoint(log.size());
    }
    const files = await readdir(fixture.host.dataDir, { recursive: true, withFileTypes: true });
    const contents = await Promise.all(
      files
        .filter((file) => file.isFile())
        .map((file) => readFile(join(file.parentPath, file.name))),
    );
    const all = Buffer.concat(contents);
    // The search does find what is there.
    expect(all.includes(event.id)).toBe(true);
    const salt = JSON.parse(Buffer.from(disclosure, 'base64url').toString())[0];
    for (const secret of [SECRET, disclosure, salt, Buffer.from(SECRET).toString('base64url')]) {
      expect(all.includes(secret)).toBe(false);
    }
  });

  test('are gone with the key of their record; every proof and every other value stays', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using log = await fixture.open();
    const other = eventOf(tenant, { record: 'i-2' });
    await log.append([eventOf(tenant, { record: 'i-1', value: SECRET }), other]);
    const before = await log.checkpoint(2);
    await removeKey(fixture, 'incident/i-1');
    expect(await log.disclosures(0)).toBeUndefined();
    expect(await log.disclosures(1)).toEqual(other.disclosures);
    const after = await fixture.verify();
    expect(after).toMatchObject({ size: 2, root: before?.root });
    // No entry tells of it: somebody has just taken the key away.
    expect(after.breaks).toMatchObject([{ seq: 0, kind: 'missing' }]);
    // A record that goes on gets a new key; what was sealed by the old one stays shut.
    await using next = await fixture.open();
    const later = eventOf(tenant, { record: 'i-1', value: 'new' });
    await next.append([later]);
    expect(await next.disclosures(2)).toEqual(later.disclosures);
    expect(await next.disclosures(0)).toBeUndefined();
  });

  test('are never sealed under a key that another process has destroyed with a block', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using one = await fixture.open();
    await using other = await fixture.open();
    await one.append([eventOf(tenant, { record: 'i-1', value: 'old' })]);
    // What an expungement does: the key goes, and the slot of a block is taken after it.
    await removeKey(fixture, 'incident/i-1');
    await other.append([eventOf(tenant, { record: 'order-7' })]);
    const later = eventOf(tenant, { record: 'i-1', value: 'after the order' });
    const [receipt] = await one.append([later]);
    expect(receipt?.seq).toBe(2);
    expect(await one.disclosures(2)).toEqual(later.disclosures);
    expect(await one.disclosures(0)).toBeUndefined();
  });

  test('that were altered, or moved to another event, do not open', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    {
      await using log = await fixture.open();
      await log.append([eventOf(tenant, { record: 'i-1' })]);
      await log.append([eventOf(tenant, { record: 'i-2' })]);
    }
    using tamper = openTamper(fixture);
    const [one, two] = tamper.rows('record-key');
    if (one === undefined || two === undefined) throw new Error('no keys');
    // The key of one record in the place of another's: the vault bound it to its record.
    tamper.put('record-key', { ...two, id: one.id });
    await using log = await fixture.open();
    await expect(log.disclosures(0)).rejects.toThrow();
    expect(await log.disclosures(1)).toBeDefined();
  });

  test('whose key has another id than was written do not pass for expunged, nor are more sealed', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    {
      await using log = await fixture.open();
      await log.append([eventOf(tenant)]);
    }
    using tamper = openTamper(fixture);
    const [row] = tamper.rows('record-key');
    if (row === undefined) throw new Error('no key');
    const other = row.value.replace(
      /"keyId":"(.)/,
      (_, digit) => `"keyId":"${digit === '0' ? 1 : 0}`,
    );
    tamper.put('record-key', { ...row, value: other });
    {
      await using log = await fixture.open();
      await expect(log.disclosures(0)).rejects.toThrow();
      await expect(log.append([eventOf(tenant, { version: 2 })])).rejects.toThrow();
    }
    tamper.put('record-key', row);
    await using log = await fixture.open();
    expect(log.size()).toBe(1);
    expect(await log.disclosures(0)).toBeDefined();
  });
});
