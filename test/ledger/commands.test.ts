import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verifyStores } from '#services/ledger/commands.ts';
import { eventsOf, type Fixture, openFixture } from './fixture.ts';
import { flipped, openTamper } from './tamper.ts';

async function fill(fixture: Fixture): Promise<void> {
  await using log = await fixture.open();
  for (const count of [3, 20, 2]) await log.append(eventsOf(fixture.tenant, count));
  await log.checkpoint(log.size());
}

test('every log of the stores is verified, and one that was altered is named', async () => {
  await using fixture = await openFixture();
  const { tenant } = fixture;
  const { dataDir } = fixture.host;
  await fill(fixture);
  expect(await verifyStores({ dataDir })).toMatchObject({
    ok: true,
    tenants: [{ tenant, ok: true, size: 25, checkedEntries: 25, breaks: [] }],
  });
  using tamper = openTamper(fixture);
  const [, row] = tamper.rows('block');
  if (row === undefined) throw new Error('no block');
  tamper.put('block', { ...row, bytes: flipped(row.bytes, 4_000) });
  const report = await verifyStores({ dataDir, tenant });
  expect(report).toMatchObject({ ok: false, tenants: [{ tenant, ok: false }] });
  expect(report.tenants[0]?.breaks[0]).toMatchObject({ kind: 'altered' });
});

test('a log that is missing in the list of logs is verified when it is named, and told', async () => {
  await using fixture = await openFixture();
  await fill(fixture);
  const { dataDir } = fixture.host;
  using tamper = openTamper({ ...fixture, tenant: 'platform' });
  tamper.remove('log', fixture.tenant);
  const report = await verifyStores({ dataDir, tenant: fixture.tenant });
  expect(report.tenants[0]?.breaks).toMatchObject([{ seq: 0, kind: 'missing' }]);
});

test('a log whose tenant was altered in the list of logs is told by its second place', async () => {
  await using fixture = await openFixture();
  await fill(fixture);
  using tamper = openTamper({ ...fixture, tenant: 'platform' });
  const [row] = tamper.rows('log');
  if (row === undefined) throw new Error('no log');
  tamper.remove('log', row.id);
  tamper.put('log', { ...row, id: `${row.id.slice(0, -1)}~` });
  const report = await verifyStores({ dataDir: fixture.host.dataDir });
  expect(report).toMatchObject({ ok: false });
  const range = { seq: 0, lastSeq: 24, kind: 'truncated' };
  expect(report.tenants[0]?.breaks).toMatchObject([range]);
});

test('a folder without a ledger is an error and stays as it is; so is an unknown tenant', async () => {
  await using fixture = await openFixture();
  await fill(fixture);
  const { dataDir } = fixture.host;
  const wrong = join(dataDir, 'typing-error');
  await expect(verifyStores({ dataDir: wrong })).rejects.toThrow('There is no ledger in');
  expect(existsSync(wrong)).toBe(false);
  await expect(verifyStores({ dataDir, tenant: 'nobody' })).rejects.toThrow('no log of the tenant');
});
