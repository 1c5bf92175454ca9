/** A key that is destroyed while somebody reads from the store: a backup, say. It takes its time. */
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openTables } from '#shared/embedded/tables.ts';
import { openPlace } from './adapters.ts';
import { changes, isKeyIn, keyRow, sealedKey, tenant } from './tables-fixtures.ts';

test('what was erased while somebody was reading is overwritten as soon as they are done', async () => {
  const place = await openPlace();
  await using _ = place;
  const file = join(place.folder, 'service', 'tables.sqlite');
  const tables = place.use(await openTables({ file, clock: place.clock }));
  const rows = tables.forTenant(tenant);
  await rows.write(changes(sealedKey));
  const reader = new DatabaseSync(file);
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM rows').get();
  const erasing = rows.write({ ...changes({ remove: keyRow, expect: 1 }), erase: true });
  await expect(erasing).rejects.toMatchObject({ code: 'unavailable' });
  expect(await isKeyIn(dirname(file))).toBe(true);
  reader.exec('ROLLBACK');
  await expect.poll(() => isKeyIn(dirname(file)), { timeout: 30_000 }).toBe(false);
  reader.close();
});
