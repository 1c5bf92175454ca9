import { execFile } from 'node:child_process';
import { randomUUIDv7 } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  appendEvents,
  listEntries,
  proveConsistency,
  proveEntry,
  readCheckpoint,
  readEntry,
  verifyLedger,
} from '#contracts/ledger.ts';
import { discloseEntry, makeBundle } from '#contracts/ledger-evidence.ts';
import { exportEntries } from '#contracts/ledger-exports.ts';
import {
  approvePurge,
  listPurges,
  type Purge,
  readLedgerRetention,
  readPurge,
  signPurgeArchive,
} from '#contracts/ledger-retention.ts';
import { listLegalHolds, releaseLegalHold } from '#contracts/legal-holds.ts';
import { fetchEntries, fetchTile } from '#contracts/log-tiles.ts';
import type { OutputOf } from '#contracts/operation.ts';
import { changeRetention } from '#contracts/retention.ts';
import { verifyConsistency, verifyInclusion } from '#services/ledger/portable/verify.ts';
import { jobCaller } from '#shared/client.ts';
import { person } from '#test/support/host.ts';
import { eventsOf } from './fixture.ts';
import { openPurging, type Purging, verified } from './purging.ts';
import { codeOf } from './serving.ts';

const stateOf = ({ serving, reviewer }: Purging) => serving.as(reviewer)(readLedgerRetention);
const verify = ({ serving, reviewer }: Purging) => serving.as(reviewer)(verifyLedger);

describe('a purge', () => {
  const stack = new AsyncDisposableStack();
  afterAll(() => stack.disposeAsync());
  let purging: Purging;
  let older: OutputOf<typeof readCheckpoint>;
  let made: Purge;
  let done: Purge;
  let lines: readonly string[];

  beforeAll(async () => {
    purging = stack.use(await openPurging());
    await purging.pass(400);
    expect(await stateOf(purging)).toMatchObject({ firstKept: 0, limit: { code: 'no-window' } });
    await purging.setWindow(365);
    older = await purging.serving.as(purging.reviewer)(readCheckpoint);
    made = await purging.request();
  });

  test('is a preview with a verified archive at first, and changes nothing', async () => {
    expect(made).toMatchObject({ status: 'requested', range: { first: 0, last: 511, count: 512 } });
    expect(await stateOf(purging)).toMatchObject({
      firstKept: 0,
      purgeable: { first: 0, last: 511, count: 512 },
      limit: { code: 'newest-page' },
    });
    expect(await verify(purging)).toMatchObject({ ok: true, firstKept: 0 });
    const { serving, reviewer, old } = purging;
    expect((await serving.as(reviewer)(readEntry, { params: { seq: 0 } })).id).toBe(old[0]?.id);
    const bytes = await purging.archive(made);
    expect(bytes.length).toBe(made.archive.sizeBytes);
    expect(await verified(bytes, older.verifierKey)).toMatchObject({
      ok: true,
      proved: { first: 0, count: 512, root: made.root },
    });
    lines = bytes.toString().split('\n');
    const file = join(serving.host.dataDir, 'archive.jsonl');
    await writeFile(file, bytes);
    const command = ['services/cli.ts', 'archive', 'verify', file, '--key', older.verifierKey];
    const { stdout } = await promisify(execFile)(process.execPath, command);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, proved: { first: 0, count: 512 } });
  });

  test('removes the entries when another person approves, and an entry says so', async () => {
    const { serving, admin, reviewer } = purging;
    const { as } = serving;
    done = await purging.approve(made.id);
    expect(done).toMatchObject({ status: 'done', approvedBy: { id: reviewer.subject.id } });
    expect(await as(reviewer)(readPurge, { params: { id: made.id } })).toEqual(done);
    expect((await as(reviewer)(listPurges)).items).toEqual([done]);
    expect(await verify(purging)).toMatchObject({ ok: true, firstKept: 512, breaks: [] });
    const [fact] = await serving.entries('ledger.log.purged', 1);
    expect(fact).toMatchObject({ seq: done.seq, object: { type: 'ledger-purge', id: made.id } });
    for (const plain of ['GS5-17', made.archive.sha256, made.root, admin.subject.id]) {
      expect(fact?.reason).toContain(plain);
    }
    const { url } = await as(admin)(signPurgeArchive, { params: { id: made.id } });
    expect(url).toContain('/blobs/checkpoints/');
    expect((await purging.fetch(url)).equals(await purging.archive(made))).toBe(true);
    expect(await purging.approve(made.id)).toEqual(done);
  });

  test('leaves every proof: of removed entries, and from every older size', async () => {
    const ask = purging.serving.as(purging.reviewer);
    for (const seq of [0, 255, 256, 511]) {
      const proof = await ask(proveEntry, { params: { seq } });
      const entry = Buffer.from(lines[seq + 1] ?? '');
      expect(await verifyInclusion({ ...proof, entry })).toMatchObject({ ok: true });
    }
    const newer = await ask(readCheckpoint);
    const query = { from: older.size, to: newer.size };
    const { hashes } = await ask(proveConsistency, { query });
    const { verifierKey } = newer;
    const evidence = { older: older.note, newer: newer.note, verifierKey, hashes };
    expect(await verifyConsistency(evidence)).toMatchObject({ ok: true });
    const small = await ask(proveConsistency, { query: { from: 3, to: 600 } });
    expect(small.hashes.length).toBeGreaterThan(0);
  });

  test('is told by whatever is asked for an entry that is gone; lists and exports begin behind it', async () => {
    const ask = purging.serving.as(purging.reviewer);
    const reads = [
      () => ask(readEntry, { params: { seq: 511 } }),
      () => ask(discloseEntry, { params: { seq: 0 } }),
      () => ask(makeBundle, { body: { entries: [511, 512] } }),
    ];
    for (const read of reads) {
      const message = expect.stringContaining(made.id);
      await expect(read()).rejects.toMatchObject({ code: 'gone', message });
    }
    expect(await ask(readEntry, { params: { seq: 512 } })).toMatchObject({ seq: 512 });
    const { items } = await ask(listEntries, { query: { limit: 1 } });
    expect(items).toMatchObject([{ seq: 512 }]);
    expect(await ask(exportEntries)).toMatch(/^\{"seq":512,/);

    const { origin } = await ask(readCheckpoint);
    const id = origin.split('/').at(-1) ?? '';
    expect(await codeOf(ask(fetchEntries, { params: { id, tile: '001' } }))).toBe('gone');
    await ask(fetchEntries, { params: { id, tile: '002' } });
    const { bytes } = await ask(fetchTile, { params: { id, level: '0', tile: '000' } });
    expect(Buffer.from(bytes, 'base64').length).toBe(8_192);
  });

  test('lets no event of a removed entry be appended again, also by another process', async () => {
    const { serving, old } = purging;
    const again = async () => {
      const { results } = await serving.append([...old.slice(0, 3), ...old.slice(510, 514)]);
      return results.map(({ status, seq }) => [status, seq]);
    };
    const repeated = [0, 1, 2, 510, 511, 512, 513].map((seq) => ['repeated', seq]);
    expect(await again()).toEqual(repeated);
    await serving.reopen();
    expect(await again()).toEqual(repeated);
    const { results } = await serving.append(eventsOf(serving.tenant, 2));
    expect(results.map(({ status }) => status)).toEqual(['appended', 'appended']);
    expect(await verify(purging)).toMatchObject({ ok: true, firstKept: 512 });
  });

  test('the next one begins where the last one ended, and its archive verifies too', async () => {
    await using purging = await openPurging(4);
    const { serving, reviewer } = purging;
    await purging.pass(400);
    await purging.setWindow(365);
    const first = await purging.request();
    await purging.approve(first.id);
    expect(first.range).toEqual({ first: 0, last: 767, count: 768 });
    expect(await codeOf(purging.request())).toBe('conflict');
    for (let page = 0; page < 3; page += 1) {
      const caller = jobCaller('core-records', { tenant: serving.tenant });
      const size = (await serving.as(reviewer)(readCheckpoint)).size;
      // Up to the end of a page, so that a block ends there.
      const events = eventsOf(serving.tenant, 256 - (size % 256));
      await serving.as(caller)(appendEvents, { body: { events } });
    }
    await purging.pass(400);
    const second = await purging.request();
    expect(second.range.first).toBe(768);
    const bytes = await purging.archive(second);
    const { verifierKey } = second.archive;
    expect(await verified(bytes, verifierKey)).toMatchObject({ ok: true, proved: { first: 768 } });
    await purging.approve(second.id);
    const { firstKept } = await stateOf(purging);
    expect(firstKept).toBe(second.range.last + 1);
    expect(await verify(purging)).toMatchObject({ ok: true, firstKept });
    await serving.reopen();
    expect(await verify(purging)).toMatchObject({ ok: true, firstKept });
  });
});

describe('nothing is removed', () => {
  test('by one person, by a key, by who may not, or of another department', async () => {
    await using purging = await openPurging();
    const { serving, admin, reviewer } = purging;
    await purging.pass(400);
    await purging.setWindow(365);
    const made = await purging.request();
    expect(await codeOf(purging.approve(made.id, admin))).toBe('forbidden');
    const [tried] = await serving.entries('ledger.purge.approved', 1);
    expect(tried).toMatchObject({ outcome: 'refused', actor: { id: admin.subject.id } });
    const key = { ...reviewer, subject: { type: 'key' as const, id: randomUUIDv7() } };
    expect(await codeOf(purging.approve(made.id, key))).toBe('forbidden');
    expect(await codeOf(purging.approve(made.id, serving.someone('officer')))).toBe('forbidden');
    expect(await codeOf(purging.request(reviewer))).toBe('forbidden');
    const stranger = person({ tenant: randomUUIDv7(), roles: ['admin'] });
    for (const operation of [approvePurge, readPurge, signPurgeArchive]) {
      const asked = serving.as(stranger)(operation, { params: { id: made.id } });
      expect(await codeOf(asked), operation.name).toBe('not-found');
    }
    expect(await codeOf(purging.request(stranger))).toBe('conflict');
    expect(await verify(purging)).toMatchObject({ ok: true, firstKept: 0 });
  });

  test('while a hold is on, also one that came after the request', async () => {
    await using purging = await openPurging();
    const { serving } = purging;
    await purging.pass(400);
    await purging.setWindow(365);
    const made = await purging.request();
    const hold = await purging.hold();
    expect(await stateOf(purging)).toMatchObject({ holds: [hold], limit: { code: 'held' } });
    expect(await codeOf(purging.approve(made.id))).toBe('conflict');
    expect(await verify(purging)).toMatchObject({ firstKept: 0 });
    const other = serving.someone('admin');
    const body = { reason: 'settled' };
    await serving.as(other)(releaseLegalHold, { params: { id: hold }, body });
    expect((await serving.as(other)(listLegalHolds)).items).toHaveLength(1);
    expect(await purging.approve(made.id)).toMatchObject({ status: 'done' });
  });

  test('of what is younger than the window, or when it was made longer after the request', async () => {
    await using purging = await openPurging();
    const { as } = purging.serving;
    await purging.setWindow(365);
    await purging.pass(350);
    expect(await stateOf(purging)).toMatchObject({ limit: { code: 'too-young' } });
    expect((await stateOf(purging)).purgeable).toBeUndefined();
    expect(await codeOf(purging.request())).toBe('conflict');
    await purging.pass(9);
    const made = await purging.request();
    await as(purging.admin)(changeRetention, { body: { ledger: { days: 4_000 } } });
    expect(await codeOf(purging.approve(made.id))).toBe('conflict');
    expect(await verify(purging)).toMatchObject({ firstKept: 0 });
  });

  test('a week after the request, and while one is open there is no other', async () => {
    await using purging = await openPurging();
    await purging.pass(400);
    await purging.setWindow(365);
    const made = await purging.request();
    expect(await codeOf(purging.request())).toBe('conflict');
    await purging.pass(7);
    expect(await codeOf(purging.approve(made.id))).toBe('gone');
    const next = await purging.request();
    expect(await purging.approve(next.id)).toMatchObject({ status: 'done' });
  });
});
