import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { consistencyPath } from '#services/ledger/chain/tree.ts';
import { CHECKPOINT_KEY } from '#services/ledger/checkpoints/note-keys.ts';
import { openSecondPlace } from '#services/ledger/checkpoints/second-place.ts';
import { findOpaqueId } from '#services/ledger/log/store.ts';
import { verifyConsistency, verifyNote } from '#services/ledger/portable/verify.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import { eventsOf, type Fixture, openFixture } from './fixture.ts';

async function placeOf(fixture: Fixture) {
  const opaqueId = (await findOpaqueId(fixture.tables, fixture.tenant)) ?? '';
  expect(opaqueId).toMatch(/^[0-9a-f]{32}$/);
  return openSecondPlace(fixture.checkpoints, opaqueId);
}

describe('the second place', () => {
  test('keeps each size once and numbers notes without a gap, also after a crash in between', async () => {
    await using fixture = await openFixture();
    const opaqueId = randomBytes(16).toString('hex');
    const place = openSecondPlace(fixture.checkpoints, opaqueId);
    expect(await place.newest(5)).toEqual([]);
    for (let size = 1; size <= 20; size += 1) {
      expect(await place.publish(size, `note ${size}`)).toBe(`note ${size}`);
    }
    expect(await place.publish(20, 'another')).toBe('note 20');
    expect(await place.newest(3)).toEqual(['note 20', 'note 19', 'note 18']);
    // A crash after the first of the two puts.
    await fixture.checkpoints.put(`${opaqueId}/${'21'.padStart(16, '0')}`, Buffer.from('note 21'));
    const again = openSecondPlace(fixture.checkpoints, opaqueId);
    expect(await again.newest(1)).toEqual(['note 20']);
    expect(await again.publish(21, 'another host signs')).toBe('note 21');
    expect(await again.newest(1)).toEqual(['note 21']);
    expect(await place.newest(1)).toEqual(['note 21']);
  });
});

describe('checkpoints', () => {
  test('are signed once for a head, grow consistently, and stand in both places', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using log = await fixture.open();
    expect(await log.checkpoint(0)).toBeUndefined();
    await log.append(eventsOf(tenant, 7));
    const first = await log.checkpoint(7);
    expect(await log.checkpoint(3)).toEqual(first);
    await log.append(eventsOf(tenant, 300));
    const second = await log.checkpoint(log.size());
    if (first === undefined || second === undefined) throw new Error('no checkpoint');
    expect(first.verifierKey).toBe(second.verifierKey);
    expect(first.origin).toMatch(/^ledger\.example\/log\/[0-9a-f]{32}$/);
    const path = consistencyPath(7, 307);
    const hashes = await log.hashes(path);
    const evidence = {
      older: first.note,
      newer: second.note,
      verifierKey: first.verifierKey,
      hashes: hashes.map((hash) => hash.toString('hex')),
    };
    expect(await verifyConsistency(evidence)).toMatchObject({ ok: true });
    const swapped = { ...evidence, older: second.note, newer: first.note };
    expect(await verifyConsistency(swapped)).toMatchObject({ ok: false });
    const place = await placeOf(fixture);
    expect(await place.newest(9)).toEqual([second.note, first.note]);
    expect(await place.noteOf(7)).toBe(first.note);
  });

  test('of two processes agree, whoever signs', async () => {
    await using fixture = await openFixture();
    await using one = await fixture.open();
    await using other = await fixture.open();
    await one.append(eventsOf(fixture.tenant, 5));
    await other.follow();
    const [mine, theirs] = await Promise.all([one.checkpoint(5), other.checkpoint(5)]);
    expect(mine).toEqual(theirs);
    await other.append(eventsOf(fixture.tenant, 5));
    // It follows before it signs: nothing is signed behind what another process has published.
    await other.checkpoint(10);
    expect((await one.checkpoint(6))?.size).toBe(10);
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 10 });
  });

  test('stay valid under the old key after a rotation, and so do the next ones', async () => {
    await using fixture = await openFixture();
    await using log = await fixture.open();
    await log.append(eventsOf(fixture.tenant, 2));
    const before = await log.checkpoint(2);
    await fixture.host.host.vault.rotate(CHECKPOINT_KEY);
    await log.append(eventsOf(fixture.tenant, 2));
    const after = await log.checkpoint(4);
    if (before === undefined || after === undefined) throw new Error('no checkpoint');
    expect(after.verifierKey).not.toBe(before.verifierKey);
    for (const { note: checkpoint, verifierKey } of [before, after]) {
      expect(await verifyNote({ checkpoint, verifierKey })).toMatchObject({ ok: true });
    }
    const crossed = { checkpoint: after.note, verifierKey: before.verifierKey };
    expect(await verifyNote(crossed)).toMatchObject({ ok: true });
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 4 });
  });

  test('are not given out when the second place cannot take them, and are once it can', async () => {
    await using fixture = await openFixture();
    let isDown = true;
    const blobs: Blobs = {
      ...fixture.checkpoints,
      async put(key, bytes) {
        if (isDown) throw new Error('no such disk');
        return fixture.checkpoints.put(key, bytes);
      },
    };
    await using log = await fixture.open(fixture.tables, blobs);
    await log.append(eventsOf(fixture.tenant, 2));
    await expect(log.checkpoint(2)).rejects.toThrow('no such disk');
    const rows = { kind: 'checkpoint', limit: 10 };
    expect(await fixture.tables.forTenant(fixture.tenant).list(rows)).toEqual([]);
    isDown = false;
    expect((await log.checkpoint(2))?.size).toBe(2);
  });
});
