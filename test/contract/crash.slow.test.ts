/** What a call has resolved for is there after `kill -9`, whole; what it has not may be, whole too. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LIST_ROWS_MAX } from '#contracts/limits.ts';
import { openBlobs } from '#shared/embedded/blobs.ts';
import { openQueue } from '#shared/embedded/queue.ts';
import { openTables } from '#shared/embedded/tables.ts';
import { openVault } from '#shared/embedded/vault.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { workUntilKilled } from './crash/killed.ts';

/** Killed again and again on the same store: the second start recovers from the first end. */
const RUNS = [
  { run: 1, lines: 1 },
  { run: 2, lines: 40 },
  { run: 3, lines: 97 },
];

async function acknowledgedBy(port: string, folder: string): Promise<readonly string[]> {
  const said: string[] = [];
  for (const each of RUNS) said.push(...(await workUntilKilled({ port, folder, ...each })));
  return said;
}

/** However many the process wrote before the kill reached it. */
async function allIds(rows: TenantTables, kind: string): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const after = ids.at(-1) ?? '';
    const page = await rows.list({ kind, after, limit: LIST_ROWS_MAX });
    if (page.length === 0) return ids;
    ids.push(...page.map(({ id }) => id));
  }
}

describe('after kill -9', () => {
  test('tables have every acknowledged write, and of every write all or nothing', async () => {
    await using folder = await temporaryFolder();
    const acknowledged = await acknowledgedBy('tables', folder.path);
    const file = join(folder.path, 'tables.sqlite');
    await using tables = await openTables({ file, clock: Date.now });
    const rows = tables.forTenant('platform');
    const ids = await allIds(rows, 'incident');
    expect(ids).toEqual(expect.arrayContaining([...acknowledged]));
    expect(await allIds(rows, 'history')).toEqual(ids);
    const events = await tables.outbox({ after: 0, limit: Number.MAX_SAFE_INTEGER });
    expect(events.map(({ event }) => event.object.id).toSorted()).toEqual(ids.toSorted());
    for (const id of ids) expect(await tables.find({ kind: 'number', id })).toMatchObject({ id });
  });

  test('the queue has all work that was taken', async () => {
    await using folder = await temporaryFolder();
    const acknowledged = await acknowledgedBy('queue', folder.path);
    const file = join(folder.path, 'queue.sqlite');
    const clock = Date.now;
    await using queue = await openQueue({ file, leaseMs: 60_000, triesMax: 5, clock });
    const found = await queue.receive({ limit: Number.MAX_SAFE_INTEGER, waitMs: 0 });
    const bodies = found.map(({ body }) => body);
    expect(bodies).toEqual(expect.arrayContaining([...acknowledged]));
    expect(new Set(bodies).size).toBe(bodies.length);
  });

  test('blobs are whole under their keys, and nothing is there in part', async () => {
    await using folder = await temporaryFolder();
    const acknowledged = await acknowledgedBy('blobs', folder.path);
    await using vault = await openVault({ dir: join(folder.path, 'vault') });
    const dir = join(folder.path, 'blobs');
    const publicOrigin = () => 'https://desk.example.org';
    const clock = Date.now;
    await using stores = await openBlobs({ dir, store: 'files', vault, publicOrigin, clock });
    for (const id of acknowledged) {
      expect(await stores.blobs.head(`some/${id}/bytes`)).toMatchObject({ sizeBytes: 8 * 4_096 });
    }
    const visible = await readdir(join(dir, 'objects', 'some'));
    for (const id of visible) {
      const head = await stores.blobs.head(`some/${id}/bytes`);
      // Its folder is made before the object: one without the other holds nothing in part.
      if (head !== undefined) expect(head.sizeBytes).toBe(8 * 4_096);
    }
  });

  test('the vault has every key that has signed', async () => {
    await using folder = await temporaryFolder();
    const acknowledged = await acknowledgedBy('vault', folder.path);
    await using vault = await openVault({ dir: join(folder.path, 'vault') });
    for (const line of acknowledged) {
      const [name = '', keyId] = line.split(' ');
      expect(await vault.publicKeys(name)).toMatchObject([{ id: keyId, current: true }]);
    }
  });

  test('the mail folder has every mail that was taken, whole', async () => {
    await using folder = await temporaryFolder();
    const acknowledged = await acknowledgedBy('mailer', folder.path);
    const dir = join(folder.path, 'mail-out');
    const names = (await readdir(dir)).filter((name) => name.endsWith('.eml'));
    const mails = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
    const bodies = mails.map((mail) => mail.split('\r\n\r\n')[1]?.trim());
    expect(bodies).toEqual(expect.arrayContaining([...acknowledged]));
    for (const body of bodies) expect(body).toMatch(/^run-\d-lane-\d-\d+$/);
  });
});
