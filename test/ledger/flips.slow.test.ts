import { expect, test } from 'vitest';
import { blockHeader } from '#services/ledger/chain/block.ts';
import { eventsOf, openFixture } from './fixture.ts';
import { flipped, openTamper } from './tamper.ts';

/** One block that is not packed, one that is. */
const BLOCKS = [1, 5];

test('every single bit of the stored blocks, flipped alone, is found and named in its block', async () => {
  await using fixture = await openFixture();
  {
    await using log = await fixture.open();
    for (const count of BLOCKS) await log.append(eventsOf(fixture.tenant, count));
    await log.checkpoint(log.size());
  }
  using tamper = openTamper(fixture);
  for (const row of tamper.rows('block')) {
    const { first, size } = blockHeader.parse(JSON.parse(row.value));
    const value = Buffer.from(row.value);
    const bits = [
      ...Array.from({ length: row.bytes.length * 8 }, (_, bit) => ({
        ...row,
        bytes: flipped(row.bytes, bit),
      })),
      ...Array.from({ length: value.length * 8 }, (_, bit) => ({
        ...row,
        value: flipped(value, bit).toString(),
      })),
    ];
    for (const [index, altered] of bits.entries()) {
      tamper.put('block', altered);
      const { ok, breaks } = await fixture.verify();
      expect(ok, `bit ${index} of block at ${first}`).toBe(false);
      for (const { seq, lastSeq = seq } of breaks) {
        expect(seq).toBeGreaterThanOrEqual(first);
        expect(lastSeq).toBeLessThan(size);
      }
    }
    tamper.put('block', row);
  }
  expect(await fixture.verify()).toMatchObject({ ok: true });
});
