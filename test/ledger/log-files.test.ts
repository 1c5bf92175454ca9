import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leafHash, nodeHash } from '#services/ledger/chain/tree.ts';
import { auditEventOf } from '#shared/audit.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';
import { eventsOf } from './fixture.ts';
import { openPublicLog, type PublicLog } from './public-log.ts';
import { tilePath } from './tile-path.ts';

/** Full tiles on the lowest level, and one that is not full. */
const ENTRIES = 2 * 256 + 44;

let log: PublicLog;
beforeAll(async () => {
  log = await openPublicLog();
  await log.append(eventsOf(log.tenant, ENTRIES));
  await log.published(ENTRIES);
});
afterAll(() => log[Symbol.asyncDispose]());

describe('the checkpoint', () => {
  test('is open to anyone, and kept for seconds', async () => {
    const answer = await log.fetch('checkpoint');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=5');
    expect(answer.bytes.toString()).toMatch(new RegExp(`^${log.host}/log/${log.id}\n[0-9]+\n`));
  });

  test('of no log is 404; an id that is none is 400', async () => {
    expect((await log.fetch('checkpoint', '', 'ab'.repeat(16))).status).toBe(404);
    expect((await log.fetch('checkpoint', '', log.tenant)).status).toBe(400);
  });
});

describe('a hash tile', () => {
  test('is open to anyone, and never changes', async () => {
    const answer = await log.fetch('tile/0/000');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.bytes).toHaveLength(256 * 32);
    const partial = await log.fetch('tile/0/000.p/7');
    expect(partial.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(partial.bytes).toEqual(answer.bytes.subarray(0, 7 * 32));
  });

  test('holds the nodes of the tree: all tiles together make the root of the checkpoint', async () => {
    const head = await log.head();
    const leaves = [...(await log.items(0, 0, 256)), ...(await log.items(0, 1, 256))];
    leaves.push(...(await log.items(0, 2, head.size % 256)));
    expect(rootOf(leaves).toString('hex')).toBe(head.root.toHex());
    const roots = await log.items(1, 0, 2);
    expect(roots).toEqual([rootOf(leaves.slice(0, 256)), rootOf(leaves.slice(256, 512))]);
  });

  test('is there once a checkpoint speaks of it, in each width up to that', async () => {
    const { size } = await log.head();
    expect(size % 256).toBeGreaterThan(0);
    for (const width of [1, size % 256]) {
      expect((await log.fetch(tilePath(0, 2, width))).status).toBe(200);
    }
    for (const path of [tilePath(0, 2, 250), tilePath(0, 2), tilePath(0, 3, 1)]) {
      const answer = await log.fetch(path);
      expect(answer.status, path).toBe(404);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    expect((await log.fetch('tile/1/000.p/3')).status).toBe(404);
    expect((await log.fetch('tile/2/000.p/1')).status).toBe(404);
    expect((await log.fetch('tile/63/x999/x999/x999/x999/999.p/255')).status).toBe(404);
  });

  test.each([
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/0',
    'tile/0/0000',
    'tile/0/x000/000',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/999',
    'tile/0/000.p/',
    'tile/0/000.p/1/2',
    'tile/0/000.q/1',
    'tile/0/%30%30x',
    'tile/entries/x000/000',
  ])('at %s is refused: one tile has one path', async (path) => {
    expect((await log.fetch(path, log.key)).status).toBe(400);
  });
});

describe('an entry bundle', () => {
  test('is for those who may read the ledger of the department, and an event', async () => {
    const path = tilePath(0, 0).replace('tile/0', 'tile/entries');
    expect((await log.fetch(path)).status).toBe(401);
    expect((await log.fetch(path, log.strangersKey)).status).toBe(404);
    expect((await log.officer.get(`/log/${log.id}/${path}`)).status).toBe(403);
    expect((await log.admin.get(`/log/${log.id}/${path}`)).status).toBe(200);
    const answer = await log.fetch(path, log.key);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(answer.headers.get('vary')).toBe('authorization, cookie');
    const found = () => log.search('ledger.entry.fetched');
    const events = await until('the events', found, ({ length }) => length >= 2);
    const object = { type: 'ledger', id: log.id };
    expect(events[0]).toMatchObject({ actor: { type: 'user' }, object });
    expect(events[1]).toMatchObject({ actor: { type: 'key' }, object });
  });

  test('holds the entries of the leaves in the hash tile', async () => {
    for (const [tile, width] of [
      [0, 256],
      [2, 5],
    ] as const) {
      const path = tilePath(0, tile, width).replace('tile/0', 'tile/entries');
      const { bytes } = await log.fetch(path, log.key);
      const entries = entriesIn(bytes);
      expect(entries).toHaveLength(width);
      expect(entries.map(leafHash)).toEqual(await log.items(0, tile, width));
      expect(JSON.parse(entries[0]?.toString() ?? '')).toMatchObject({ seq: tile * 256 });
    }
  });

  test('larger than a message of the bus comes in one body all the same', async () => {
    await using large = await openPublicLog();
    const { tenant } = large;
    const changes = Array.from({ length: 128 }, (_, field) => ({ field: `f${field}`, after: 1 }));
    for (let batch = 0; batch < 16; batch += 1) {
      const about = {
        action: 'core-records.incident.updated',
        outcome: 'success',
        changes,
      } as const;
      const caller = person({ tenant, roles: ['officer'] });
      const object = { type: 'incident', id: `i-${batch}`, version: 1 };
      const now = new Date();
      const events = Array.from({ length: 16 }, () =>
        auditEventOf({ ...about, caller, object, now }),
      );
      await large.append(events);
    }
    await large.published(256);
    const { bytes, status } = await large.fetch('tile/entries/000', large.key);
    expect(status).toBe(200);
    expect(bytes.length).toBeGreaterThan(1_400_000);
    expect(entriesIn(bytes).map(leafHash)).toEqual(await large.items(0, 0, 256));
  });

  test('above what was published is 404', async () => {
    expect((await log.fetch('tile/entries/009.p/1', log.key)).status).toBe(404);
  });
});

function entriesIn(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length; ) {
    const length = bundle.readUInt16BE(at);
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

/** RFC 9162 section 2.1.1, as it is written there. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  const [first = Buffer.alloc(0)] = leaves;
  if (leaves.length < 2) return first;
  const split = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return nodeHash(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}
