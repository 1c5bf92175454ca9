/** Backups of the embedded stores: what is in one, and what is refused. */
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verifyStores } from '#services/ledger/commands.ts';
import { backup } from '#shared/embedded/backup/backup.ts';
import { filesBelow } from '#shared/embedded/backup/copies.ts';
import { restore } from '#shared/embedded/backup/restore.ts';
import { openTables } from '#shared/embedded/tables.ts';
import { eventsOf, type Fixture, openFixture } from '#test/ledger/fixture.ts';
import { temporaryFolder } from '#test/support/folder.ts';

const nothingMore = async () => undefined;

async function openBackups() {
  await using opened = new AsyncDisposableStack();
  const fixture = opened.use(await openFixture());
  const { path } = opened.use(await temporaryFolder());
  const stack = opened.move();
  return {
    fixture,
    dataDir: fixture.host.dataDir,
    to: join(path, 'backup'),
    again: join(path, 'again'),
    folder: path,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function appended(fixture: Fixture, batches: number): Promise<void> {
  await using log = await fixture.open();
  for (let batch = 0; batch < batches; batch += 1) {
    await log.append(eventsOf(fixture.tenant, 20));
    await log.checkpoint(log.size());
  }
}

const sizeIn = async (dataDir: string) => (await verifyStores({ dataDir })).tenants[0]?.size;

test('what is written behind the instant is in none of the stores, so that the ledger verifies', async () => {
  await using place = await openBackups();
  const { fixture, dataDir, to, again } = place;
  const { blobs: files } = await fixture.host.host.blobs('files');
  await files.put('kept', Buffer.from('before'));
  await appended(fixture, 3);
  let stopped = false;
  const writing = (async () => {
    for (let turn = 0; !stopped; turn += 1) {
      await appended(fixture, 1);
      await files.put(`late-${turn}`, Buffer.from('while it is made'));
    }
  })();
  const report = await backup({ dataDir, to, rootKey: 'included' });
  await appended(fixture, 1);
  stopped = true;
  await writing;
  expect(await restore({ from: to, dataDir: again, finish: nothingMore })).toEqual({
    takenAt: report.takenAt,
    files: report.files,
    finished: undefined,
  });
  const verified = await verifyStores({ dataDir: again });
  // A checkpoint of a later log in the second place would be a cut tail.
  expect(verified).toMatchObject({ ok: true, tenants: [{ tenant: fixture.tenant, breaks: [] }] });
  expect(await readFile(join(again, 'blobs/files/objects/kept~'), 'utf8')).toBe('before');
  const [then, now] = [verified.tenants[0]?.size ?? 0, await sizeIn(dataDir)];
  expect(then).toBeGreaterThanOrEqual(60);
  expect(now).toBeGreaterThan(then);
});

test('of two services that one hands over to the other, both are of the same instant', async () => {
  await using place = await openBackups();
  const { dataDir, to, again, fixture } = place;
  // In the folder's order the one that takes is copied first.
  const services = ['core-records', 'gateway'] as const;
  const [taker, giver] = await Promise.all(services.map((name) => fixture.host.parts(name)));
  const tenant = fixture.tenant;
  let stopped = false;
  let number = 0;
  const writing = (async () => {
    for (; !stopped; number += 1) {
      for (const parts of [giver, taker]) {
        const put = { kind: 'note', id: String(number).padStart(9, '0'), value: {} };
        const write = { changes: [{ put, expect: 0 }], events: [], unaudited: 'a test' };
        expect(await parts?.tables.forTenant(tenant).write(write)).toEqual({ ok: true });
      }
    }
  })();
  await backup({ dataDir, to, rootKey: 'included' });
  stopped = true;
  await writing;
  await restore({ from: to, dataDir: again, finish: nothingMore });
  const counts = await Promise.all(
    services.map(async (name) => {
      const file = join(again, name, 'tables.sqlite');
      await using tables = await openTables({ file, clock: Date.now });
      const list = { kind: 'note', limit: 1, descending: true };
      return Number((await tables.forTenant(tenant).list(list))[0]?.id ?? -1);
    }),
  );
  const [taken = 0, given = 0] = counts;
  expect(given - taken).toBeGreaterThanOrEqual(0);
  expect(given - taken).toBeLessThanOrEqual(1);
  expect(given).toBeLessThan(number);
});

test('everything that the stores keep is in it, for its own account alone', async () => {
  await using place = await openBackups();
  const { fixture, dataDir, to } = place;
  await appended(fixture, 1);
  await fixture.host.host.mailer.send({
    ...{ id: 'a-mail', to: 'somebody@fairvale.example', from: 'watchdesk@fairvale.example' },
    ...{ subject: 'Invitation', text: 'Come in.' },
  });
  await writeFile(join(dataDir, 'first-run.json'), '{}');
  await backup({ dataDir, to, rootKey: 'included' });
  const isPassing = (path: string) => /-(wal|shm)$|\/staging\//.test(path);
  const wanted = (await Array.fromAsync(filesBelow(dataDir))).filter((path) => !isPassing(path));
  const found = await Array.fromAsync(filesBelow(to));
  expect(found.toSorted()).toEqual([...wanted, 'manifest.json'].toSorted());
  expect(wanted.some((path) => path.startsWith('mail-out/'))).toBe(true);
  for (const path of found) expect((await stat(join(to, path))).mode & 0o777, path).toBe(0o600);
  expect((await stat(join(to, 'vault'))).mode & 0o777).toBe(0o700);
});

test('without the root key nothing can be opened, and restoring asks for it', async () => {
  await using place = await openBackups();
  const { fixture, dataDir, to, again } = place;
  await appended(fixture, 1);
  await backup({ dataDir, to, rootKey: 'apart' });
  expect(await Array.fromAsync(filesBelow(to))).not.toContain('vault/root.key');
  const request = { from: to, dataDir: again, finish: nothingMore };
  await expect(restore(request)).rejects.toThrow('Give it as --root-key FILE');
  expect(await readdir(place.folder)).toEqual(['backup']);
  await restore({ ...request, rootKeyFile: join(dataDir, 'vault/root.key') });
  expect(await verifyStores({ dataDir: again })).toMatchObject({ ok: true });
});

test.each([
  ['a byte that was altered', (to: string) => flip(join(to, 'ledger/tables.sqlite')), 'is not the'],
  ['a file that is missing', (to: string) => rm(join(to, 'vault/root.key')), 'is missing in'],
  ['no manifest', (to: string) => rm(join(to, 'manifest.json')), 'is no whole backup'],
  ['a way out of the folder', (to: string) => lead(to, '../../elsewhere'), 'is not as a backup'],
])('with %s it is refused, and nothing is made', async (_, change, why) => {
  await using place = await openBackups();
  const { fixture, dataDir, to, again } = place;
  await appended(fixture, 1);
  await backup({ dataDir, to, rootKey: 'included' });
  await change(to);
  const restoring = restore({ from: to, dataDir: again, finish: nothingMore });
  await expect(restoring).rejects.toThrow(why);
  expect(await readdir(place.folder)).toEqual(['backup']);
});

test('nothing that is there is touched: neither a backup, nor data, nor a folder with nothing in it', async () => {
  await using place = await openBackups();
  const { fixture, dataDir, to, again, folder } = place;
  await appended(fixture, 1);
  await backup({ dataDir, to, rootKey: 'included' });
  const request = { dataDir, to, rootKey: 'included' } as const;
  await expect(backup(request)).rejects.toThrow('is not empty');
  await expect(backup({ ...request, to: join(dataDir, 'in') })).rejects.toThrow(
    'data folder itself',
  );
  const empty = join(folder, 'empty');
  await mkdir(empty);
  await expect(backup({ ...request, dataDir: empty, to: again })).rejects.toThrow(
    'nothing to back',
  );
  const over = restore({ from: to, dataDir, finish: nothingMore });
  await expect(over).rejects.toThrow('is not empty. Stop the server');
  // What fails in the end leaves nothing either.
  const failing = restore({
    from: to,
    dataDir: again,
    finish: () => Promise.reject(new Error('no')),
  });
  await expect(failing).rejects.toThrow('no');
  expect((await readdir(folder)).toSorted()).toEqual(['backup', 'empty']);
  await restore({ from: to, dataDir: empty, finish: nothingMore });
  expect(await verifyStores({ dataDir: empty })).toMatchObject({ ok: true });
});

test('a database that is damaged is told when the backup is made', async () => {
  await using place = await openBackups();
  const { folder, to } = place;
  const file = join(folder, 'data/ledger/tables.sqlite');
  {
    await using tables = await openTables({ file, clock: Date.now });
    const puts = Array.from({ length: 90 }, (_, id) => ({
      put: { kind: 'note', id: `${id}`, value: 'x'.repeat(9_000) },
      expect: 0,
    }));
    const write = { changes: puts, events: [], unaudited: 'a test' };
    expect(await tables.forTenant('tenant').write(write)).toEqual({ ok: true });
  }
  const bytes = await readFile(file);
  await writeFile(file, bytes.fill(0x55, 40_000, 80_000));
  const request = { dataDir: join(folder, 'data'), to, rootKey: 'included' } as const;
  await expect(backup(request)).rejects.toThrow(/damaged/);
  expect(await Array.fromAsync(filesBelow(to))).not.toContain('manifest.json');
});

async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(5_000) ^ 1, 5_000);
  await chmod(file, 0o600);
  await writeFile(file, bytes);
}

async function lead(to: string, path: string): Promise<void> {
  const file = join(to, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  manifest.files[0].path = path;
  await writeFile(file, JSON.stringify(manifest));
}
