import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyNote } from '#services/ledger/portable/verify.ts';
import { until } from '#test/support/api.ts';
import { eventsOf } from './fixture.ts';
import { openPublicLog, type PublicLog } from './public-log.ts';

const PATH = '/v1/ledger/keys/rotate';
let log: PublicLog;

beforeAll(async () => {
  log = await openPublicLog();
  await log.append(eventsOf(log.tenant, 3));
});
afterAll(() => log[Symbol.asyncDispose]());

interface Answer {
  readonly size: number;
  readonly note: string;
  readonly verifierKey: string;
  readonly verifierKeys: readonly string[];
}

async function checkpoint(): Promise<Answer> {
  return (await log.admin.get('/v1/ledger/checkpoint')).body;
}

/** Does the note verify by this key alone, as somebody sees it who has pinned that key? */
async function verifies(note: string, verifierKey = ''): Promise<boolean> {
  return (await verifyNote({ checkpoint: note, verifierKey })).ok;
}

/** A rotation is refused while another one may be under way; these come minutes later. */
async function rotate() {
  const answer = await log.platform.post(PATH);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}

describe('rotating the key', () => {
  test('is for the platform alone', async () => {
    expect((await log.admin.post(PATH)).status).toBe(403);
    expect((await log.officer.post(PATH)).status).toBe(403);
  });

  test('leaves notes that both keys have signed, also of a head that has not changed', async () => {
    await log.settled();
    const before = await checkpoint();
    expect(before.verifierKeys).toEqual([before.verifierKey]);
    await rotate();
    const after = await checkpoint();
    expect(after.size).toBe(before.size);
    expect(after.verifierKeys).toHaveLength(2);
    expect(after.verifierKeys[1]).toBe(before.verifierKey);
    for (const key of after.verifierKeys) expect(await verifies(after.note, key)).toBe(true);
    const served = (await log.fetch('checkpoint')).bytes.toString();
    expect(served).toBe(after.note);
    expect(await checkpoint()).toEqual(after);

    await log.append(eventsOf(log.tenant, 1));
    const grown = await checkpoint();
    expect(grown.size).toBeGreaterThan(after.size);
    for (const key of after.verifierKeys) expect(await verifies(grown.note, key)).toBe(true);
    expect(grown.verifierKey).toBe(after.verifierKeys[0]);
  });

  test('a second time ends the signing of the first key, and not what it has signed', async () => {
    const before = await checkpoint();
    await rotate();
    await log.append(eventsOf(log.tenant, 1));
    const after = await checkpoint();
    expect(after.verifierKeys).toHaveLength(3);
    const [third, second, first] = after.verifierKeys;
    expect(await verifies(after.note, third)).toBe(true);
    expect(await verifies(after.note, second)).toBe(true);
    expect(await verifies(after.note, first)).toBe(false);
    expect(await verifies(before.note, first)).toBe(true);
    const verification = await log.admin.get('/v1/ledger/verify');
    expect(verification.body).toMatchObject({ ok: true, breaks: [] });
  });

  test('is an event of the platform', async () => {
    const path = '/v1/ledger/entries?action=ledger.key.rotated';
    const read = () => log.platform.get(path);
    const { body } = await until('the events', read, (answer) => answer.body.items.length === 2);
    expect(body.items[0]).toMatchObject({
      actor: { type: 'user' },
      object: { type: 'ledger-key' },
    });
  });

  test('at the same time by two makes one new key', async () => {
    const before = (await checkpoint()).verifierKeys.length;
    const answers = await Promise.all([log.platform.post(PATH), log.platform.post(PATH)]);
    const statuses = answers.map(({ status }) => status).toSorted();
    const after = (await checkpoint()).verifierKeys.length;
    expect(after - before).toBe(statuses.filter((status) => status === 200).length);
    // The second may also come when the first is done: then it replaces the key that this one made.
    expect([
      [200, 409],
      [200, 200],
    ]).toContainEqual(statuses);
  });

  test('goes on where a crash left it, with one event', async () => {
    const [current] = await log.test.host.vault.publicKeys('ledger/checkpoint');
    const id = current?.id ?? '';
    const tables = log.tables.forTenant('platform');
    const value = { v: 1, at: new Date(log.test.clock()).toISOString() };
    const unaudited = 'the crash of a test';
    const changes = [{ put: { kind: 'key-rotation', id, value }, expect: 0 }];
    await tables.write({ changes, events: [], unaudited });
    const soon = await log.platform.post(PATH);
    expect(soon.status).toBe(409);
    expect((await log.test.host.vault.publicKeys('ledger/checkpoint'))[0]?.id).toBe(id);
    log.test.advance(61_000);
    expect(await rotate()).toEqual({ replaced: id });
    expect((await log.test.host.vault.publicKeys('ledger/checkpoint'))[1]?.id).toBe(id);
  });
});
