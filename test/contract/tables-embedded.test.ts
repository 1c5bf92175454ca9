/** What stands in the SQLite file, and what several who use it do to each other. */
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openSqlite } from '#shared/embedded/disk/sqlite.ts';
import { openTables } from '#shared/embedded/tables.ts';
import { openCommits } from '#shared/embedded/tables-commits.ts';
import { openPlace } from './adapters.ts';
import { changes, event, isKeyIn, keyRow, put, sealedKey, tenant } from './tables-fixtures.ts';

const schema = 'CREATE TABLE notes (id TEXT PRIMARY KEY) STRICT';

async function openedTables() {
  const place = await openPlace();
  const file = join(place.folder, 'service', 'tables.sqlite');
  const open = async () => place.use(await openTables({ file, clock: place.clock }));
  return { place, file, tables: await open(), open };
}

async function openedDatabase() {
  const place = await openPlace();
  const file = join(place.folder, 'notes.sqlite');
  const db = await openSqlite(file, schema);
  place.use({ [Symbol.asyncDispose]: async () => db.close() });
  return { place, file, db };
}

describe('the file', () => {
  test('is written through to the disk at each commit, and what is deleted is overwritten', async () => {
    const { place, db } = await openedDatabase();
    await using _ = place;
    const setting = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    const FULL = 2;
    expect(setting('journal_mode')).toBe('wal');
    expect(setting('synchronous')).toBe(FULL);
    expect(setting('secure_delete')).toBe(1);
    await openCommits(db).run(() => undefined, 'relaxed');
    expect(setting('synchronous')).toBe(FULL);
  });

  test('is in a folder for its own account alone', async () => {
    const { place, file } = await openedTables();
    await using _ = place;
    expect((await stat(dirname(file))).mode & 0o777).toBe(0o700);
  });

  test('does not keep the values of events that the ledger has', async () => {
    const { place, file, tables } = await openedTables();
    await using _ = place;
    const secret = 'c2VjcmV0LW9mLXRoZS1jYWxsZXI';
    const events = Array.from({ length: 30 }, (_, i) => ({
      ...event(`r${i}`),
      disclosures: [secret.repeat(i + 1)],
    }));
    await tables.forTenant(tenant).write({ changes: [put('kept', 0)], events });
    const waiting = await tables.outbox({ after: 0, limit: 100 });
    await tables.outboxDone(waiting.map(({ position }) => position));
    await tables[Symbol.asyncDispose]();
    expect(await readdir(dirname(file))).toEqual(['tables.sqlite']);
    const bytes = await readFile(file);
    expect(bytes.includes('kept')).toBe(true);
    expect(bytes.includes(secret)).toBe(false);
  });

  test('does not keep what a write has erased, nor does its log, while others have it open', async () => {
    const { place, file, tables, open } = await openedTables();
    await using _ = place;
    const other = (await open()).forTenant(tenant);
    const rows = tables.forTenant(tenant);
    await rows.write(changes(sealedKey, put('kept', 0)));
    expect(await other.get(keyRow)).toBeDefined();
    expect(await isKeyIn(dirname(file))).toBe(true);
    await rows.write({ ...changes({ remove: keyRow, expect: 1 }), erase: true });
    expect(await isKeyIn(dirname(file))).toBe(false);
    expect(await other.get(keyRow)).toBeUndefined();
    expect(await other.get({ kind: 'incident', id: 'kept' })).toBeDefined();
  });

  test('is cleared of what a killed process had erased but not overwritten yet', async () => {
    const { place, file, tables } = await openedTables();
    await using _ = place;
    const rows = tables.forTenant(tenant);
    await rows.write(changes(sealedKey, put('kept', 0)));
    await rows.write(changes({ remove: keyRow, expect: 1 }));
    // As the disk is when the process ends right behind the commit.
    const image = join(place.folder, 'image', 'tables.sqlite');
    await cp(dirname(file), dirname(image), { recursive: true });
    expect(await isKeyIn(dirname(image))).toBe(true);
    const again = place.use(await openTables({ file: image, clock: place.clock }));
    await expect.poll(() => isKeyIn(dirname(image))).toBe(false);
    expect(await again.forTenant(tenant).get({ kind: 'incident', id: 'kept' })).toBeDefined();
  });

  test('of a later version of the program is not touched', async () => {
    const { place, file, tables, open } = await openedTables();
    await using _ = place;
    await tables[Symbol.asyncDispose]();
    const later = new DatabaseSync(file);
    later.exec('PRAGMA user_version = 2');
    later.close();
    await expect(open()).rejects.toThrow('has layout 2; this program knows 1');
  });

  test('that is none is not made one', async () => {
    const { place, file, tables, open } = await openedTables();
    await using _ = place;
    await tables[Symbol.asyncDispose]();
    await writeFile(file, 'this is no database, and long enough to be looked at as one'.repeat(99));
    await expect(open()).rejects.toThrow('not a database');
  });

  test('is made once by many who open it at the same time', async () => {
    const place = await openPlace();
    await using _ = place;
    const file = join(place.folder, 'service', 'tables.sqlite');
    const opening = Array.from({ length: 6 }, () => openTables({ file, clock: place.clock }));
    const all = (await Promise.all(opening)).map((each) => place.use(each));
    const [first, last] = [all.at(0), all.at(-1)];
    await first?.forTenant(tenant).write(changes(put('one', 0)));
    const key = { kind: 'incident', id: 'one' };
    expect(await last?.forTenant(tenant).get(key)).toMatchObject({ version: 1 });
  });
});

describe('a file that another process has locked', () => {
  test('is waited for, while everything else goes on', async () => {
    const { place, file, tables } = await openedTables();
    await using _ = place;
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    let settled = false;
    const writing = tables
      .forTenant(tenant)
      .write(changes(put('one', 0)))
      .finally(() => {
        settled = true;
      });
    let turns = 0;
    const endsAt = performance.now() + 200;
    while (performance.now() < endsAt) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      turns += 1;
    }
    // The wait is a pause between tries: between them, the event loop has its turns.
    expect(turns).toBeGreaterThan(5);
    expect(settled).toBe(false);
    expect(await tables.forTenant(tenant).get({ kind: 'incident', id: 'one' })).toBeUndefined();
    other.exec('COMMIT');
    other.close();
    expect(await writing).toEqual({ ok: true });
  });
});

describe('a group of writes', () => {
  test('shares one transaction, in the order in which it was asked for', async () => {
    const { place, db } = await openedDatabase();
    await using _ = place;
    const commits = openCommits(db);
    const insert = db.prepare('INSERT INTO notes VALUES (?)');
    const count = db.prepare('SELECT count(*) AS notes FROM notes');
    let commitsSeen = 0;
    const other = new DatabaseSync(join(place.folder, 'notes.sqlite'));
    const version = other.prepare('PRAGMA data_version');
    const before = version.get()?.data_version;
    const running = ['a', 'b', 'c'].map((id) =>
      commits.run(() => {
        insert.run(id);
        if (version.get()?.data_version !== before) commitsSeen += 1;
        return count.get()?.notes;
      }, 'durable'),
    );
    expect(await Promise.all(running)).toEqual([1, 2, 3]);
    expect(commitsSeen).toBe(0);
    other.close();
  });

  test('loses only the one that fails, wholly', async () => {
    const { place, db } = await openedDatabase();
    await using _ = place;
    const commits = openCommits(db);
    const insert = db.prepare('INSERT INTO notes VALUES (?)');
    const note = (...ids: string[]) =>
      commits.run(() => {
        for (const id of ids) insert.run(id);
        return ids;
      }, 'durable');
    const results = await Promise.allSettled([note('a'), note('b', 'a'), note('c'), note('d')]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    const ids = db.prepare('SELECT id FROM notes ORDER BY id').all();
    expect(ids.map(({ id }) => id)).toEqual(['a', 'c', 'd']);
  });

  test('one after the other leaves the event loop its turns', async () => {
    const { place, tables } = await openedTables();
    await using _ = place;
    const rows = tables.forTenant(tenant);
    let turns = 0;
    let counting = setImmediate(function count() {
      turns += 1;
      counting = setImmediate(count);
    });
    for (let i = 0; i < 20; i += 1) await rows.write(changes(put(`n${i}`, 0)));
    clearImmediate(counting);
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  test('larger than one commit takes is committed all the same', async () => {
    const { place, tables } = await openedTables();
    await using _ = place;
    const rows = tables.forTenant(tenant);
    const writing = Array.from({ length: 400 }, (_, i) =>
      rows.write({ changes: [put(`n${i}`, 0)], events: [event(`n${i}`)] }),
    );
    expect((await Promise.all(writing)).every(({ ok }) => ok)).toBe(true);
    const waiting = await tables.outbox({ after: 0, limit: 1_000 });
    const ids = waiting.map((each) => each.event.object.id);
    expect(ids).toEqual(Array.from({ length: 400 }, (_, i) => `n${i}`));
  });
});
