import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseWitnessKey, witnessedAt } from '#services/ledger/portable/cosignature.ts';
import { parseNote } from '#services/ledger/portable/note.ts';
import { type RunningWitness, runWitness } from '#services/ledger/witness/command.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { type MemoryLog, newPair, openMemoryLog, strayHash } from './log.ts';

const stack = new AsyncDisposableStack();
const pair = newPair();
let log: MemoryLog;
let witness: RunningWitness;
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = stack.use(await temporaryFolder()).path;
});
afterAll(() => stack.disposeAsync());

beforeEach(async () => {
  count += 1;
  log = openMemoryLog('log.example/log/1', '', pair);
  witness = stack.use(await start());
});

function start() {
  const dataDir = join(folder, String(count));
  return runWitness({ dataDir, logs: [log.verifierKey], listen: '0', name: 'witness.example/w' });
}

async function ask(body: string) {
  const answer = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body });
  const type = answer.headers.get('content-type');
  return { status: answer.status, type, text: await answer.text() };
}

async function cosigned(checkpoint: string, lines: string): Promise<number | undefined> {
  const key = parseWitnessKey(witness.verifierKey);
  const note = parseNote(checkpoint + lines);
  return key && note && witnessedAt(note, key);
}

describe('a witness', () => {
  test('cosigns the first head it sees, each that goes on, and the same again', async () => {
    for (const [from, to] of [
      [0, 3],
      [3, 3],
      [3, 4],
      [4, 11],
      [11, 300],
    ] as const) {
      const { status, text } = await ask(await log.request(from, to));
      expect(status, text).toBe(200);
      const seconds = await cosigned(log.checkpoint(to), text);
      expect(Math.abs(Date.now() / 1000 - (seconds ?? 0))).toBeLessThan(10);
      expect(await cosigned(log.checkpoint(to + 1), text)).toBeUndefined();
    }
  });

  test('tells the size it stands at to a log that goes on from another', async () => {
    await ask(await log.request(0, 5));
    for (const from of [0, 4, 6]) {
      const answer = await ask(await log.request(from, 9));
      expect(answer).toEqual({ status: 409, type: 'text/x.tlog.size', text: '5\n' });
    }
  });

  test('refuses a fork, whatever its size, and stays with what it has signed', async () => {
    const fork = openMemoryLog(log.origin, 'other history ', pair);
    await ask(await log.request(0, 5));
    for (const to of [5, 6, 100]) {
      const { status, text } = await ask(await fork.request(5, to));
      expect(status).toBe(422);
      expect(text).not.toContain('—');
    }
    expect((await ask(await log.request(5, 6))).status).toBe(200);
  });

  test('refuses proofs that do not prove', async () => {
    await ask(await log.request(0, 5));
    const good = await log.request(5, 9);
    const [old = '', ...rest] = good.split('\n');
    const bad = [
      [old, strayHash(), ...rest],
      [old, ...rest.slice(1)],
      [old, strayHash(), ...rest.slice(1)],
    ];
    for (const lines of bad) expect((await ask(lines.join('\n'))).status).toBe(422);
    expect((await ask(good)).status).toBe(200);
  });

  test('refuses a first head with a proof, and an empty tree with entries', async () => {
    const [old = '', ...rest] = (await log.request(0, 5)).split('\n');
    expect((await ask([old, strayHash(), ...rest].join('\n'))).status).toBe(422);
    expect((await ask(await log.request(0, 0))).status).toBe(200);
  });

  test('knows no other log, and no other key of this one', async () => {
    const other = openMemoryLog('other.example/log/2');
    expect((await ask(await other.request(0, 1))).status).toBe(404);
    const forged = openMemoryLog(log.origin);
    expect((await ask(await forged.request(0, 1))).status).toBe(403);
  });

  test('refuses to go back', async () => {
    await ask(await log.request(0, 5));
    const back = (await log.request(0, 4)).replace('old 0', 'old 5');
    expect((await ask(back)).status).toBe(400);
  });

  test.each([
    ['nothing', () => ''],
    ['no old size', (body: string) => body.replace('old 5\n', '')],
    ['an old size with a zero in front', (body: string) => body.replace('old 5', 'old 05')],
    ['a negative old size', (body: string) => body.replace('old 5', 'old -5')],
    ['a hash that is too short', (body: string) => body.replace('\n', '\nYQ==\n')],
    ['too many hashes', (body: string) => body.replace('\n', `\n${`${strayHash()}\n`.repeat(64)}`)],
    ['a checkpoint without its signature', (body: string) => body.slice(0, body.indexOf('—'))],
    ['no checkpoint', (body: string) => body.slice(0, body.indexOf('\n\n') + 2)],
  ])('refuses %s', async (_what, spoil) => {
    await ask(await log.request(0, 5));
    expect((await ask(spoil(await log.request(5, 9)))).status).toBe(400);
  });

  test('takes one path, one method, and small bodies', async () => {
    const get = await fetch(`${witness.url}/add-checkpoint`);
    expect(get.status).toBe(405);
    const elsewhere = await fetch(`${witness.url}/`, { method: 'POST', body: 'x' });
    expect(elsewhere.status).toBe(404);
    expect((await ask('x'.repeat(100_000))).status).toBe(413);
  });

  test('cosigns one of many heads of two histories that are sent at the same time', async () => {
    const fork = openMemoryLog(log.origin, 'other history ', pair);
    const requests = await Promise.all(
      Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? log : fork).request(0, 1 + at)),
    );
    const answers = await Promise.all(requests.map(ask));
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...Array(19).fill(409)]);
  });

  test('goes on after a restart where it was, with the same key', async () => {
    await ask(await log.request(0, 5));
    const before = witness.verifierKey;
    await witness[Symbol.asyncDispose]();
    witness = stack.use(await start());
    expect(witness.verifierKey).toBe(before);
    expect(await ask(await log.request(0, 9))).toMatchObject({ status: 409, text: '5\n' });
    const fork = openMemoryLog(log.origin, 'other history ', pair);
    expect((await ask(await fork.request(5, 9))).status).toBe(422);
    expect((await ask(await log.request(5, 9))).status).toBe(200);
  });
});

describe('the command', () => {
  test.each([
    [{ logs: [] }, '--log'],
    [{ logs: ['log.example+00000000+AAAA'] }, 'no verifier key'],
    [{ listen: 'here' }, '--listen'],
    [{ name: 'a b' }, '--name'],
  ])('says what does not fit in %j', async (wrong, named) => {
    const settings = { dataDir: join(folder, 'none'), logs: [log.verifierKey], listen: '0' };
    await expect(runWitness({ ...settings, ...wrong })).rejects.toThrow(named);
  });
});
