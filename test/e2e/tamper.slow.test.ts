import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openAll } from '#services/all.ts';
import { makeDepartment } from '#test/demo/scenario.ts';
import { signIn, until } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';

function verifyFromOutside(dataDir: string) {
  const args = ['services/cli.ts', 'ledger', 'verify', '--data', dataDir];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, report: stdout === '' ? stderr : JSON.parse(stdout) };
}

test('one flipped byte in the ledger’s file is found and named, from outside and over HTTP', async () => {
  await using folder = await temporaryFolder();
  const settings = {
    dataDir: folder.path,
    http: { host: '127.0.0.1', port: 0 },
    smtp: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  };
  let tenantId: string;
  {
    await using stack = new AsyncDisposableStack();
    const { origin, smtpPort } = await openAll(stack, settings);
    const firstRun = JSON.parse(await readFile(join(folder.path, 'first-run.json'), 'utf8'));
    const platform = await signIn(origin, firstRun.email, firstRun.password);
    const stage = { origin, smtpPort, firstRun, tell: () => undefined };
    const department = await makeDepartment(stage, platform, 'fairvale');
    tenantId = department.tenantId;
    await department.officer.post('/v1/incidents', { nature: 'FIRE' });
    await until(
      'the entry of the incident',
      () => department.reviewer.get('/v1/ledger/entries?objectType=incident'),
      ({ body }) => body.items.length === 1,
    );
  }
  const before = verifyFromOutside(folder.path);
  expect(before, JSON.stringify(before.report)).toMatchObject({ status: 0, report: { ok: true } });

  flipByte(join(folder.path, 'ledger', 'tables.sqlite'), tenantId);
  const after = verifyFromOutside(folder.path);
  expect(after).toMatchObject({ status: 1, report: { ok: false } });
  const broken = after.report.tenants.filter(({ ok }: { ok: boolean }) => !ok);
  expect(broken.map(({ tenant }: { tenant: string }) => tenant)).toEqual([tenantId]);
  expect(broken[0].breaks[0]).toMatchObject({ seq: expect.any(Number), kind: 'altered' });

  await using stack = new AsyncDisposableStack();
  const { origin } = await openAll(stack, settings);
  const reviewer = await signIn(origin, 'reviewer@fairvale.example', 'reviewer demonstration only');
  const { body } = await reviewer.get('/v1/ledger/verify');
  expect(body.ok).toBe(false);
  expect(body.breaks[0]).toEqual(broken[0].breaks[0]);
}, 60_000);

/** Flips one bit in the middle of the tenant's second block. */
function flipByte(file: string, tenant: string): void {
  const database = new DatabaseSync(file);
  try {
    const blocks = database
      .prepare("SELECT id, bytes FROM rows WHERE tenant = ? AND kind = 'block' ORDER BY id")
      .all(tenant);
    const block = blocks[1];
    if (block === undefined || !(block.bytes instanceof Uint8Array)) throw new Error('no block');
    const bytes = Buffer.from(block.bytes);
    const middle = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    database
      .prepare("UPDATE rows SET bytes = ? WHERE tenant = ? AND kind = 'block' AND id = ?")
      .run(bytes, tenant, block.id ?? '');
  } finally {
    database.close();
  }
}
