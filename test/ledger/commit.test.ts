/** The group commit by itself: what goes into a block, who is answered by what, and who is asked. */
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { BLOCK_ENTRIES_MAX, WRITE_ITEMS_MAX } from '#contracts/limits.ts';
import { openRecordKeys } from '#services/ledger/append/values.ts';
import type { Known } from '#services/ledger/chain/append.ts';
import { sealedOf } from '#services/ledger/chain/block.ts';
import { parseEntry } from '#services/ledger/chain/entry.ts';
import { idKey } from '#services/ledger/chain/page.ts';
import { KEY_ID_BYTES, NONCE_BYTES } from '#services/ledger/chain/seal.ts';
import type { Change } from '#shared/ports/tables.ts';
import { openCommit, stepAt, takeSlot } from './committing.ts';
import { eventOf, eventsOf, openFixture } from './fixture.ts';

/** New keys that go with one block; the block and its parts take the rest of a write. */
const NEW_KEYS_MAX = WRITE_ITEMS_MAX - 10;

const seqsOf = (receipts: readonly { readonly seq: number }[]) => receipts.map(({ seq }) => seq);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const nothing = async () => [];

describe('what goes into a block', () => {
  test('nothing makes none, and has no receipts', async () => {
    await using fixture = await openFixture();
    const commit = openCommit(fixture);
    expect(await commit.writer.append([])).toEqual([]);
    await commit.writer.idle();
    expect([commit.counts(), commit.asked.prepare]).toEqual([[], 0]);
  });

  test('what came while a block was in flight makes up the next, up to what one may hold', async () => {
    await using fixture = await openFixture();
    const commit = openCommit(fixture);
    const events = eventsOf(fixture.tenant, BLOCK_ENTRIES_MAX + 12, 2);
    const calls = [events.slice(0, 1), events.slice(1, 4), events.slice(4, 8), events.slice(8)];
    const receipts = await Promise.all(calls.map((call) => commit.writer.append(call)));
    expect(receipts.map(seqsOf)).toEqual([
      [0],
      [1, 2, 3],
      [4, 5, 6, 7],
      upTo(260).map((n) => n + 8),
    ]);
    // The first one starts at once with all that has come in the same moment.
    expect(commit.counts().every((count) => count <= BLOCK_ENTRIES_MAX)).toBe(true);
    expect(commit.counts().length).toBeLessThan(4);
    expect(commit.asked.prepare).toBe(commit.counts().length);
    await commit.writer.idle();
    expect(commit.view.head.edge.size).toBe(BLOCK_ENTRIES_MAX + 12);
  });

  test('no more bytes than a block may hold, but for a single event', async () => {
    await using fixture = await openFixture();
    const commit = openCommit(fixture);
    const sized = (chars: number) => eventOf(fixture.tenant, { value: 'x'.repeat(chars) });
    const large = upTo(6).map(() => sized(60_000));
    await commit.writer.append([...large, sized(600_000), sized(10)]);
    const [one = 0, two = 0, ...rest] = commit.counts();
    expect([one + two, rest]).toEqual([6, [1, 1]]);
    expect(Math.max(one, two)).toBeLessThanOrEqual(4);
  });

  test('idle is who has nothing left to answer', async () => {
    await using fixture = await openFixture();
    const commit = openCommit(fixture);
    const answers: number[] = [];
    const receipts = commit.writer.append([eventOf(fixture.tenant)]);
    const answered = receipts.then((all) => answers.push(all.length));
    await commit.writer.idle();
    expect(commit.counts()).toEqual([1]);
    await answered;
    expect(answers).toEqual([1]);
  });

  test('each block that is on its way is told of', async () => {
    await using fixture = await openFixture();
    let onTheirWay = 0;
    const commit = openCommit(fixture, {
      meanwhile() {
        onTheirWay += 1;
      },
    });
    for (const event of eventsOf(fixture.tenant, 3)) await commit.writer.append([event]);
    expect(onTheirWay).toBe(3);
  });

  test('no more new keys than a write can take, whatever repeats and conflicts stand between', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const commit = openCommit(fixture);
    const wide = upTo(NEW_KEYS_MAX + 20).map((index) => eventOf(tenant, { record: `w-${index}` }));
    const [old] = wide;
    if (old === undefined) throw new Error('no event');
    // Tells of a conflict by an entry under a key of its own.
    const other = { ...old, reason: 'another reason' };
    const offered = [...wide.slice(0, 50), old, other, ...wide.slice(50), old];
    const receipts = await commit.writer.append(offered);
    expect(commit.counts()).toEqual([NEW_KEYS_MAX, 21]);
    expect(receipts.map(({ status }) => status)).toEqual([
      ...upTo(50).map(() => 'appended'),
      'repeated',
      'conflict',
      ...upTo(60).map(() => 'appended'),
      'repeated',
    ]);
    expect(seqsOf(receipts)).toEqual([...upTo(50), 0, 0, ...upTo(60).map((n) => n + 51), 0]);
    expect(new Set(receipts.map(({ leafHash }) => leafHash)).size).toBe(wide.length);
    // Keys that are there already take no room.
    const again = upTo(NEW_KEYS_MAX + 20).map((index) =>
      eventOf(tenant, { record: `w-${index}`, version: 2 }),
    );
    await commit.writer.append(again);
    expect(commit.counts()).toEqual([NEW_KEYS_MAX, 21, NEW_KEYS_MAX + 20]);
  });

  test('entries have the time of their block, each seal a nonce of its own', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const commit = openCommit(fixture);
    await commit.writer.append(eventsOf(tenant, 40, 20));
    const step = stepAt(commit, 0);
    for (const bytes of step.entries) {
      expect(parseEntry(bytes).recordedAt).toBe('2031-01-02T10:05:07.000Z');
    }
    const sealed = sealedOf(step).map(({ bytes }) => bytes);
    const keyIds = sealed.map((bytes) => bytes.subarray(0, KEY_ID_BYTES).toHex());
    expect(new Set(keyIds).size).toBe(20);
    expect(keyIds.slice(20)).toEqual(keyIds.slice(0, 20));
    const nonces = sealed
      .slice(0, 20)
      .map((bytes) => bytes.subarray(KEY_ID_BYTES, KEY_ID_BYTES + NONCE_BYTES));
    expect(new Set(nonces.map((bytes) => bytes.toHex())).size).toBe(20);
    // Nor does one share bytes with the next, as pieces of one text that overlap would.
    const halves = nonces.flatMap((each) => [each.subarray(0, 6), each.subarray(6)]);
    expect(new Set(halves.map((bytes) => bytes.toHex())).size).toBe(40);
  });

  test('an entry that tells of a conflict is from now, and is salted with 16 bytes', async () => {
    await using fixture = await openFixture();
    const event = eventOf(fixture.tenant);
    const commit = openCommit(fixture);
    await commit.writer.append([event, { ...event, reason: 'another' }]);
    const told = parseEntry(stepAt(commit, 0).entries[1] ?? Buffer.alloc(0));
    expect(told).toMatchObject({
      action: 'ledger.event.conflicted',
      at: '2031-01-02T10:05:07.000Z',
    });
    const [sealed] = sealedOf(stepAt(commit, 0)).slice(1);
    const [disclosure = ''] =
      (await commit.keys.open({
        record: `event/${event.id}`,
        seq: 1,
        eventIds: [told.id],
        index: 0,
        sealed: sealed?.bytes ?? Buffer.alloc(0),
      })) ?? [];
    const [salt] = JSON.parse(Buffer.from(disclosure, 'base64url').toString());
    expect(Buffer.from(salt, 'base64url').length).toBe(16);
  });
});

describe('changes of its own', () => {
  const NOTE = { kind: 'note', id: 'n' };
  const noting =
    (value: number) =>
    async (seq: number, blockNo: number): Promise<Change[]> => [
      { put: { ...NOTE, value: [value, seq, blockNo] }, expect: 0 },
    ];

  test('have a block to themselves between what came before and after', async () => {
    await using fixture = await openFixture();
    const commit = openCommit(fixture);
    const events = eventsOf(fixture.tenant, 7, 2);
    const [fact] = events.slice(3);
    if (fact === undefined) throw new Error('no event');
    const all = await Promise.all([
      commit.writer.append(events.slice(0, 3)),
      commit.writer.appendWith(fact, noting(7)),
      commit.writer.append(events.slice(4)),
    ]);
    expect(all.flat().map(({ seq }) => seq)).toEqual(upTo(7));
    expect(commit.counts()).toEqual([3, 1, 3]);
    expect((await commit.tables.get(NOTE))?.value).toEqual([7, 3, 1]);
  });

  test('have a block to themselves also where they wait among others', async () => {
    await using fixture = await openFixture();
    const commit = openCommit(fixture);
    const [first, second, third, fourth] = eventsOf(fixture.tenant, 4, 2);
    if (!first || !second || !third || !fourth) throw new Error('no events');
    const inFlight = commit.writer.append([first]);
    const all = await Promise.all([
      inFlight,
      commit.writer.append([second]),
      commit.writer.appendWith(third, noting(7)),
      commit.writer.append([fourth]),
    ]);
    expect(all.flat().map(({ seq }) => seq)).toEqual(upTo(4));
    expect(commit.counts()).toEqual([1, 1, 1, 1]);
    expect((await commit.tables.get(NOTE))?.value).toEqual([7, 2, 2]);
  });

  test('that cannot be had end their own append, and no other one', async () => {
    await using fixture = await openFixture();
    const commit = openCommit(fixture);
    const [first, second, third] = eventsOf(fixture.tenant, 3, 1);
    if (!first || !second || !third) throw new Error('no events');
    const one = commit.writer.append([first]);
    const two = commit.writer.appendWith(second, async () => {
      throw new Error('there is no key');
    });
    const three = commit.writer.append([third]);
    await expect(two).rejects.toThrow('there is no key');
    expect([seqsOf(await one), seqsOf(await three)]).toEqual([[0], [1]]);
  });

  test('fail with what stands before them, when that fails', async () => {
    await using fixture = await openFixture();
    let isDown = true;
    const commit = openCommit(fixture, {
      async prepare() {
        if (isDown) throw new Error('down');
      },
    });
    const [first, second] = eventsOf(fixture.tenant, 2, 1);
    if (!first || !second) throw new Error('no events');
    const one = commit.writer.append([first]);
    const two = commit.writer.appendWith(second, noting(1));
    await expect(one).rejects.toThrow('down');
    await expect(two).rejects.toThrow('down');
    isDown = false;
    expect(seqsOf(await commit.writer.append([first, second]))).toEqual([0, 1]);
    expect(await commit.tables.get(NOTE)).toBeUndefined();
  });

  test('that take a key away: what comes later is sealed under another one', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const commit = openCommit(fixture);
    const record = 'incident/i-1';
    await commit.writer.append([eventOf(tenant)]);
    const [before] = (await commit.keys.find([record])).values();
    const fact: AuditEvent = eventOf(tenant, { record: 'order' });
    await commit.writer.appendWith(fact, async () => (await commit.keys.removal(record)) ?? []);
    await commit.writer.append([eventOf(tenant, { version: 2 })]);
    const [after] = (await commit.keys.find([record])).values();
    expect(after?.id).not.toEqual(before?.id);
    const later = sealedOf(stepAt(commit, 2))[0]?.bytes;
    expect(later?.subarray(0, KEY_ID_BYTES)).toEqual(after?.id);
  });

  test('may take a key: all keys are forgotten with them, and only then', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const keys = openRecordKeys({
      tenant,
      tables: fixture.tables.forTenant(tenant),
      vault: fixture.host.host.vault,
    });
    let forgotten = 0;
    const forget = () => {
      forgotten += 1;
      keys.forget();
    };
    const commit = openCommit(fixture, { keys: { ...keys, forget } });
    const [first, second, third] = eventsOf(tenant, 3, 1);
    if (!first || !second || !third) throw new Error('no events');
    await commit.writer.append([first]);
    await commit.writer.appendWith(second, nothing);
    expect(forgotten).toBe(0);
    await commit.writer.appendWith(third, noting(1));
    expect(forgotten).toBe(1);
  });

  test('are not needed for an event that is there already: it has its receipt', async () => {
    await using fixture = await openFixture();
    const commit = openCommit(fixture);
    const event = eventOf(fixture.tenant);
    const first = await commit.writer.appendWith(event, nothing);
    expect(await commit.writer.appendWith(event, noting(2))).toEqual({
      ...first,
      status: 'repeated',
    });
    expect(commit.counts()).toEqual([1]);
    expect(await commit.tables.get(NOTE)).toBeUndefined();
  });
});

describe('other processes', () => {
  test('that are always faster are given up on after 64 rounds, and the caller may come again', async () => {
    await using fixture = await openFixture();
    const commit = openCommit(fixture);
    await takeSlot(commit);
    await expect(commit.writer.append([eventOf(fixture.tenant)])).rejects.toMatchObject({
      code: 'unavailable',
      particulars: {
        detail: 'Other processes write to this log all the time. Send the events again.',
        retryAfterSeconds: 1,
      },
    });
    expect(commit.asked.follow).toBe(64);
    expect(commit.counts()).toEqual([]);
  });

  test('that were faster once: the changes beside the block are asked for anew', async () => {
    await using fixture = await openFixture();
    const asked: number[][] = [];
    const commit = openCommit(fixture, {
      async follow() {
        // What following does, as far as the writer sees it.
        const { edge } = commit.view.head;
        const head = { blockNo: 0, edge, leaf: '1'.repeat(64), blockHash: '2'.repeat(64) };
        commit.view.head = { ...head, writer: 'other', epoch: 1 };
      },
    });
    await takeSlot(commit);
    await commit.writer.appendWith(eventOf(fixture.tenant), async (...place) => {
      asked.push(place);
      return [];
    });
    expect(asked).toEqual([
      [0, 0],
      [0, 1],
    ]);
    expect(stepAt(commit, 0).header).toMatchObject({ blockNo: 1, epoch: 2, writer: 'one' });
  });

  test('that made the key of a record meanwhile: it is taken, in the same slot', async () => {
    await using fixture = await openFixture();
    const { tenant, host } = fixture;
    const tables = fixture.tables.forTenant(tenant);
    const about = { tenant, tables, vault: host.host.vault };
    const [keys, others] = [openRecordKeys(about), openRecordKeys(about)];
    const counts = { made: 0, forgotten: 0 };
    const commit = openCommit(fixture, {
      keys: {
        ...keys,
        async make(record) {
          counts.made += 1;
          const { change } = await others.make(record);
          await tables.write({ changes: [change], events: [], unaudited: 'a test' });
          return keys.make(record);
        },
        forget() {
          counts.forgotten += 1;
          keys.forget();
        },
      },
    });
    const [receipt] = await commit.writer.append([eventOf(tenant)]);
    expect(receipt).toMatchObject({ status: 'appended', seq: 0 });
    expect(counts).toEqual({ made: 1, forgotten: 1 });
    const [theirs] = (await others.find(['incident/i-1'])).values();
    const sealed = sealedOf(stepAt(commit, 0))[0]?.bytes;
    expect(sealed?.subarray(0, KEY_ID_BYTES)).toEqual(theirs?.id);
  });

  test('that were faster take no key: what is known of keys stays', async () => {
    await using fixture = await openFixture();
    const { tenant, host } = fixture;
    const tables = fixture.tables.forTenant(tenant);
    const keys = openRecordKeys({ tenant, tables, vault: host.host.vault });
    let forgotten = 0;
    const forget = () => {
      forgotten += 1;
    };
    const commit = openCommit(fixture, { keys: { ...keys, forget } });
    await takeSlot(commit);
    await expect(commit.writer.append([eventOf(tenant)])).rejects.toThrow();
    expect(forgotten).toBe(0);
  });

  test('a page that went to the rows while ids were looked up: they are looked up again', async () => {
    await using fixture = await openFixture();
    const event = eventOf(fixture.tenant);
    const there: Known = { seq: 4, leafHash: 'a'.repeat(64), identity: undefined };
    let looks = 0;
    const commit = openCommit(fixture, {
      async find(ids) {
        looks += 1;
        if (looks === 1) commit.view.pages += 1;
        return new Map(looks === 1 ? [] : ids.map((id) => [idKey(id), there]));
      },
    });
    expect(await commit.writer.append([event])).toEqual([
      { status: 'repeated', seq: 4, leafHash: there.leafHash },
    ]);
    expect(commit.counts()).toEqual([]);
  });
});
