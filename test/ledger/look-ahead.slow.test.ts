import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBlockReader } from '#services/ledger/verify/log-reader.ts';
import { openLookAhead } from '#services/ledger/verify/look-ahead.ts';
import { verifyTenant } from '#services/ledger/verify/verification.ts';
import { eventOf, type Fixture } from './fixture.ts';
import { blockIn, flipped, openLogOf, openTamper, rehashed, rowOf } from './tamper.ts';

/** So many that threads are started, and that some are left when those run. */
const BLOCKS = 240;

describe('a log that is long enough for threads', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openLogOf([3, 40]);
    await using log = await fixture.open();
    for (let block = 2; block < BLOCKS; block += 1) {
      await log.append([eventOf(fixture.tenant, { version: block })]);
    }
    return () => fixture[Symbol.asyncDispose]();
  });

  function verify(threads: number) {
    const { tables, checkpoints, host, tenant } = fixture;
    // Slowly: the threads must be running before the walk is over.
    const pause = () => setTimeout(threads === 0 ? 0 : 2);
    const parts = { tables, checkpoints, vault: host.host.vault };
    return verifyTenant(parts, tenant, { threads, pause });
  }

  /** What a walk finds without threads and with them. */
  async function both() {
    const [alone, together] = [await verify(0), await verify(2)];
    expect({ ...together, elapsedMs: 0 }).toEqual({ ...alone, elapsedMs: 0 });
    return together;
  }

  test('a sound one has the same size and root with threads and without', async () => {
    expect(await both()).toMatchObject({
      ok: true,
      size: BLOCKS + 41,
      checkedEntries: BLOCKS + 41,
    });
  });

  test('whatever is altered is named the same with threads and without', async () => {
    using tamper = openTamper(fixture);
    const rows = tamper.rows('block');
    const [altered, missing, unhashed, forged] = [70, 120, 200, BLOCKS - 2].map(
      (each) => rows[each],
    );
    if (!altered || !missing || !unhashed || !forged) throw new Error('the log is too short');
    tamper.put('block', { ...altered, bytes: flipped(altered.bytes, 99) });
    tamper.remove('block', missing.id);
    // Text that nobody could have hashed: it must not end the walk.
    const value = JSON.stringify({ ...JSON.parse(unhashed.value), writer: '\ud800' });
    tamper.put('block', { ...unhashed, value });
    const { header, body } = blockIn(forged);
    tamper.put(
      'block',
      rowOf({ header: rehashed({ ...header, writer: 'else' }), body }, forged.id),
    );
    const { breaks } = await both();
    expect(breaks.map(({ seq, kind }) => [seq, kind])).toEqual([
      [111, 'altered'],
      [161, 'missing'],
      [241, 'altered'],
      [BLOCKS + 40, 'forked'],
    ]);
    for (const row of [altered, missing, unhashed, forged]) tamper.put('block', row);
  });

  test('what a thread says is used; when it fails, blocks are looked into without it', async () => {
    const { tables, tenant } = fixture;
    const reader = openBlockReader(tables.forTenant(tenant));
    // A log without an end: a thread may take its time to start.
    const blocks = { ...reader, read: (blockNo: number) => reader.read(blockNo % BLOCKS) };
    const file = new URL('./failing-thread.ts', import.meta.url);
    await using ahead = openLookAhead({ tenant, blocks, threads: 1, file });
    let blockNo = 0;
    const readUntil = async (isSound: boolean) => {
      for (;;) {
        await setTimeout(1);
        const stored = await ahead.read(blockNo);
        blockNo += 1;
        if ((stored?.look?.sound !== undefined) === isSound) return;
      }
    };
    await readUntil(false);
    await readUntil(true);
    expect(blockNo).toBeGreaterThan(64);
  });
});
