import { hash, randomUUIDv7 } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallerClaims } from '#contracts/caller.ts';
import {
  commandStates,
  listCommands,
  readCommand,
  recordCommand,
} from '#contracts/ledger-commands.ts';
import { discloseEntry } from '#contracts/ledger-evidence.ts';
import { approveExpungement, requestExpungement } from '#contracts/ledger-expungements.ts';
import type { InputOf } from '#contracts/operation.ts';
import { admitStep, type CommandRow, outcomeOf } from '#services/ledger/command-log/command.ts';
import { Problem } from '#shared/problem.ts';
import { until } from '#test/support/api.ts';
import { codeOf, openServing, openServingWithRecords, type Serving } from './serving.ts';

const SECRET = 'PATIENT-4711-ELM-STREET';

type Body = InputOf<typeof recordCommand>['body'];

/** A key of an integration: one scope, which reads nothing. */
function integration({ someone }: Serving): CallerClaims {
  const { session: _none, ...claims } = someone('admin');
  return {
    ...claims,
    subject: { type: 'key', id: 'k-radio', name: 'radio' },
    scopes: ['ledger:record-commands'],
  };
}

function openCase(serving: Serving) {
  const radio = integration(serving);
  const reviewer = serving.someone('reviewer');
  const record = (body: Body) => serving.as(radio)(recordCommand, { body });
  const list = (query: InputOf<typeof listCommands>['query'] = {}) =>
    serving.as(reviewer)(listCommands, { query });
  return { radio, reviewer, record, list };
}

const queued = (about: Partial<Body> = {}): Body => ({
  id: randomUUIDv7(),
  state: 'queued',
  command: 'page station 3',
  ...about,
});

describe('a step of a command', () => {
  const about = 'a'.repeat(64);
  const stepOf = (state: (typeof commandStates)[number], asked: number) => ({
    state,
    asked: String(asked).padStart(64, '0'),
  });

  test('makes any history queued and then one end, or blocked at once, whatever is tried', () => {
    const tries = fc.array(
      fc.record({ state: fc.constantFrom(...commandStates), asked: fc.nat({ max: 1 }) }),
    );
    fc.assert(
      fc.property(tries, (list) => {
        let row: CommandRow | undefined;
        for (const { state, asked } of list) {
          const next = stepOf(state, asked);
          try {
            const before = admitStep(row, { about, ...next });
            if (before !== undefined) {
              expect(before).toMatchObject(next);
              continue;
            }
          } catch (error) {
            expect(error).toBeInstanceOf(Problem);
            continue;
          }
          const step = { ...next, at: '2031-01-01T00:00:00.000Z', event: randomUUIDv7() };
          row = { v: 1, about, steps: [...(row?.steps ?? []), step] };
        }
        const history = (row?.steps ?? []).map(({ state }) => state).join(' ');
        expect(history).toMatch(/^(queued( executed| failed| blocked)?|blocked)?$/);
      }),
    );
  });

  test('of an id that belongs to another command is refused', () => {
    const step = { ...stepOf('queued', 1), at: '2031-01-01T00:00:00.000Z', event: randomUUIDv7() };
    const row: CommandRow = { v: 1, about, steps: [step] };
    const other = { about: 'b'.repeat(64), ...stepOf('executed', 2) };
    expect(() => admitStep(row, other)).toThrow('another command');
  });

  test.each([
    ['queued', 'success'],
    ['executed', 'success'],
    ['blocked', 'refused'],
    ['failed', 'failure'],
  ] as const)('that it was %s ends as %s', (state, outcome) => {
    expect(outcomeOf(state)).toBe(outcome);
  });
});

describe('the command log', () => {
  test('tells a command from its entries: who, what, when, by which rule, and a MAC of the output', async () => {
    await using serving = await openServing();
    const { radio, record, list } = openCase(serving);
    const incident = randomUUIDv7();
    const first = queued({ incident, at: '2031-01-01T06:00:00-06:00', rule: 'paging/night' });
    expect(await record(first)).toEqual({
      id: first.id,
      state: 'queued',
      at: '2031-01-01T12:00:00.000Z',
    });
    const output = `sent to ${SECRET}`;
    const ended = await record({ ...first, state: 'executed', at: undefined, output });
    expect(ended.outputMac).not.toBe(hash('sha256', output));
    const [entry] = await serving.entries('ledger.command.executed', 1);
    expect(entry).toMatchObject({
      actor: { type: 'key', id: radio.subject.id },
      object: { type: 'command', id: first.id },
      outcome: 'success',
      reason: 'rule paging/night',
    });
    const { items } = await list();
    expect(items).toEqual([
      {
        id: first.id,
        state: 'executed',
        command: 'page station 3',
        incident,
        steps: [
          expect.objectContaining({ state: 'queued', at: '2031-01-01T12:00:00.000Z', seq: 0 }),
          expect.objectContaining({
            state: 'executed',
            outputMac: ended.outputMac,
            rule: 'paging/night',
            seq: entry?.seq,
          }),
        ],
      },
    ]);
    const params = { id: first.id };
    expect(await serving.as(serving.someone('reviewer'))(readCommand, { params })).toEqual(
      items[0],
    );
  });

  test('answers a repeated step as the first time and makes no second entry; other words are a conflict', async () => {
    await using serving = await openServing();
    const { record } = openCase(serving);
    const first = queued();
    await record(first);
    const end: Body = { ...first, state: 'failed', output: 'no carrier' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => record(end)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await codeOf(record({ ...end, output: 'no carriers' }))).toBe('conflict');
    expect(await codeOf(record({ ...first, state: 'executed' }))).toBe('conflict');
    expect(await codeOf(record({ ...first, command: 'page station 4' }))).toBe('conflict');
    expect(await record(first)).toMatchObject({ state: 'queued' });
    await serving.advance(0);
    expect(await serving.entries('ledger.command.failed', 1)).toHaveLength(1);
  });

  test('lists by incident and by where a command stands now', async () => {
    await using serving = await openServing();
    const { record, list } = openCase(serving);
    const incident = randomUUIDv7();
    const waiting = queued({ incident });
    const done = queued({ incident });
    const elsewhere = queued();
    for (const each of [waiting, done, elsewhere]) await record(each);
    await record({ ...done, state: 'executed' });
    await record(queued({ state: 'blocked', rule: 'unknown-command' }));
    await serving.entries('ledger.command.blocked', 1);
    const ids = async (query: Parameters<typeof list>[0]) =>
      (await list(query)).items.map(({ id }) => id).toSorted();
    expect(await ids({ incident })).toEqual([waiting.id, done.id].toSorted());
    expect(await ids({ incident, state: 'queued' })).toEqual([waiting.id]);
    expect(await ids({ state: 'queued' })).toEqual([waiting.id, elsewhere.id].toSorted());
    expect(await ids({ state: 'blocked' })).toHaveLength(1);
    expect(await ids({ incident: randomUUIDv7() })).toEqual([]);
    const page = await list({ limit: 3 });
    expect(page.items).toHaveLength(3);
    expect((await list({ limit: 3, cursor: page.next })).items).toHaveLength(1);
  });

  test.each([
    ['an output before there is one', { output: 'early' }],
    ['a rule that is a text', { rule: 'because Kim said so' }],
    ['an id of another making', { id: 'c-1' }],
    ['a block without its rule', { state: 'blocked' as const }],
  ])('refuses %s', async (_, about) => {
    await using serving = await openServing();
    const { record } = openCase(serving);
    expect(await codeOf(record(queued(about)))).toBe('validation');
  });

  test('is written by its scope, which reads nothing, and read by reviewers, who write nothing', async () => {
    await using serving = await openServing();
    const { radio, reviewer } = openCase(serving);
    const { as, someone } = serving;
    expect(await codeOf(as(radio)(listCommands))).toBe('forbidden');
    for (const caller of [reviewer, someone('officer'), { ...radio, scopes: [] }]) {
      expect(await codeOf(as(caller)(recordCommand, { body: queued() }))).toBe('forbidden');
    }
  });

  test('holds the output in no file, and the rest of a command only until it is expunged', async () => {
    await using serving = await openServingWithRecords();
    const { record, list, reviewer } = openCase(serving);
    const { as, someone } = serving;
    const first = queued();
    await record(first);
    await record({ ...first, state: 'executed', output: SECRET });
    await serving.entries('ledger.command.executed', 1);
    const files = await readdir(serving.host.dataDir, { recursive: true, withFileTypes: true });
    const contents = files
      .filter((file) => file.isFile())
      .map((file) => readFile(join(file.parentPath, file.name)));
    const all = Buffer.concat(await Promise.all(contents));
    expect(all.includes(first.id)).toBe(true);
    for (const secret of [
      SECRET,
      Buffer.from(SECRET).toString('base64url'),
      hash('sha256', SECRET),
    ]) {
      expect(all.includes(secret)).toBe(false);
    }

    const scope = { objectType: 'command', objectId: first.id };
    const body = { scope, order: '2031-CV-17', reason: 'court order' };
    const asked = await as(someone('admin'))(requestExpungement, { body });
    await as(reviewer)(approveExpungement, { params: { id: asked.id } });
    const [item] = await until(
      'gone',
      async () => (await list()).items,
      (items) => items[0]?.expunged === true,
    );
    expect(item).toMatchObject({ id: first.id, state: 'executed', expunged: true });
    expect(item).not.toHaveProperty('command');
    expect(item?.steps[1]).not.toHaveProperty('outputMac');
    const params = { seq: item?.steps[1]?.seq ?? -1 };
    expect(await as(reviewer)(discloseEntry, { params })).toMatchObject({ state: 'expunged' });
  });
});
