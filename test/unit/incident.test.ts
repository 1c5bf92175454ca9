/** The decisions about incidents: no store, no clock, no chance but what the test gives. */
import { randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CadDraft } from '#contracts/cad-fields.ts';
import { type Incident, type IncidentFields, incident } from '#contracts/records/incident.ts';
import { incidentKind, incidentOf } from '#services/core-records/incident.ts';
import { type LogEntry, logEntry, readLog } from '#services/core-records/incident-log.ts';
import {
  bestMatch,
  type Candidate,
  LOG_ENTRIES_MAX,
} from '#services/core-records/incident-match.ts';
import {
  isSameCall,
  numbersIn,
  tellingNumbersIn,
} from '#services/core-records/incident-numbers.ts';
import {
  decideProposal,
  entryOf,
  type Proposal,
} from '#services/core-records/incident-proposal.ts';
import { type Decision, voidRecord } from '#services/core-records/record.ts';
import { proposal } from '#test/support/proposals.ts';

const START = Date.UTC(2031, 0, 2, 4, 5, 6);
const at = (ms: number) => new Date(START + ms).toISOString();
const HOUR = 60 * 60 * 1_000;

function create(fields: IncidentFields): Candidate {
  return applied(undefined, incidentKind.create(fields, { id: randomUUIDv7(), at: at(0) }));
}

/** The incident and its log, as the store would hold them after the decision. */
function applied(before: Candidate | undefined, decision: Decision<Incident>): Candidate {
  const entries = (decision.rows ?? []).flatMap((change) =>
    'put' in change && change.put.kind === 'incident-log' ? [logEntry.parse(change.put.value)] : [],
  );
  return { record: incident.parse(decision.record), log: [...(before?.log ?? []), ...entries] };
}

describe('create', () => {
  test('makes version 1, open, by hand', () => {
    const { record } = create({ nature: 'FIRE', number: '31-1' });
    expect(record).toEqual({
      id: record.id,
      version: 1,
      status: 'open',
      needsReview: false,
      unsure: [],
      source: { type: 'manual' },
      messageIds: [],
      createdAt: at(0),
      updatedAt: at(0),
      nature: 'FIRE',
      number: '31-1',
    });
  });
});

describe('patch', () => {
  test('sets, removes and leaves alone; the version goes up by one', () => {
    const { record } = create({ nature: 'FIRE', address: '1 ELM ST', channel: 'TAC 1' });
    const decision = incidentKind.patch(record, { nature: null, channel: 'TAC 2' }, at(5));
    expect(decision?.record).toEqual({
      ...create({ address: '1 ELM ST', channel: 'TAC 2' }).record,
      id: record.id,
      version: 2,
      updatedAt: at(5),
    });
  });

  test('that says nothing new is no change', () => {
    const { record } = create({ nature: 'FIRE', units: ['E91'] });
    const same = { nature: 'FIRE', units: ['E91'], address: null };
    expect(incidentKind.patch(record, { ...same, status: 'open' }, at(5))).toBeUndefined();
  });

  test('closes and opens again', () => {
    const { record } = create({ nature: 'FIRE' });
    const closed = incidentKind.patch(record, { status: 'closed' }, at(1))?.record;
    expect(closed).toMatchObject({ status: 'closed', version: 2 });
    expect(closed && incidentKind.patch(closed, { status: 'open' }, at(2))?.record.version).toBe(3);
  });

  test('time does not go back inside of a record', () => {
    const { record } = create({ nature: 'FIRE' });
    const decision = incidentKind.patch(record, { nature: 'FLOOD' }, at(-HOUR));
    expect(decision?.record.updatedAt).toBe(at(0));
  });
});

describe('void', () => {
  test('keeps everything and says why', () => {
    const { record } = create({ nature: 'FIRE' });
    const { record: voided, reason } = voidRecord(record, 'entered twice', at(1));
    expect(voided).toEqual({
      ...record,
      version: 2,
      status: 'voided',
      voidReason: 'entered twice',
      updatedAt: at(1),
    });
    expect(reason).toBe('entered twice');
  });

  test('is the end: neither voided nor changed again', () => {
    const { record } = voidRecord(create({ nature: 'FIRE' }).record, 'entered twice', at(1));
    const conflict = expect.objectContaining({ code: 'conflict' });
    expect(() => voidRecord(record, 'again', at(2))).toThrow(conflict);
    expect(() => incidentKind.patch(record, { nature: 'FLOOD' }, at(2))).toThrow(conflict);
    expect(() => incidentKind.patch(record, { status: 'open' }, at(2))).toThrow(conflict);
  });
});

describe('numbers', () => {
  test('several are taken apart; none is none', () => {
    expect(numbersIn('31F0042, 31-00417')).toEqual(['31F0042', '31-00417']);
    expect(numbersIn(' , #, ')).toEqual([]);
    expect(numbersIn(undefined)).toEqual([]);
  });

  test('spellings of one number are one, two numbers stay two', () => {
    expect(tellingNumbersIn('#31–00417')).toEqual(tellingNumbersIn('31-00417'));
    expect(tellingNumbersIn('f31 0042')).toEqual(tellingNumbersIn(' F31  0042'));
    expect(tellingNumbersIn('31-0417')).not.toEqual(tellingNumbersIn('310-417'));
    expect(tellingNumbersIn('0042')).not.toEqual(tellingNumbersIn('42'));
  });

  test.each(['', 'N/A', 'none', '0', '000-000', '-'])('%j stands for a missing number', (text) => {
    expect(tellingNumbersIn(text)).toEqual([]);
    expect(isSameCall(tellingNumbersIn(text), tellingNumbersIn(text))).toBe(false);
  });

  test('one short number in common does not make two calls one', () => {
    expect(isSameCall(['31F1', '12'], ['31F2', '12'])).toBe(false);
    expect(isSameCall(['31F1'], ['31F1', '12'])).toBe(true);
    expect(isSameCall(['31F1', '12'], ['12'])).toBe(true);
  });
});

describe('which incident a mail is about', () => {
  const number = '31-000123';
  const mail = (draft: Partial<CadDraft> = {}, about: object = {}) =>
    proposal({ draft, receivedAt: at(0), ...about }) as Proposal;
  const made = proposed(mail(), undefined);
  const closed = { ...made, record: { ...made.record, status: 'closed' as const } };
  const voided = { ...made, record: { ...made.record, status: 'voided' as const } };
  const times = { kind: 'times', fields: { number } } as const;

  test.each<[string, Proposal, Candidate, boolean]>([
    ['the same number', mail(), made, true],
    ['an update with the number', mail({ kind: 'update', fields: { number } }), made, true],
    ['times with the number', mail(times), made, true],
    ['times of a closed one', mail(times), closed, true],
    ['times days later', mail(times, { receivedAt: at(48 * HOUR) }), made, true],
    ['one made by hand with the number', mail(), create({ number }), true],
    ['23 hours later', mail({}, { receivedAt: at(23 * HOUR) }), made, true],
    ['23 hours earlier', mail({}, { receivedAt: at(-23 * HOUR) }), made, true],
    ['25 hours later', mail({}, { receivedAt: at(25 * HOUR) }), made, false],
    ['another number', mail({ fields: { number: '31-000124' } }), made, false],
    ['no number on either side', mail({ fields: {} }), create({ nature: 'FIRE' }), false],
    ['another source', mail({}, { sourceId: randomUUIDv7() }), made, false],
    ['a dispatch to a closed one', mail(), closed, false],
    ['a voided one', mail(), voided, false],
    ['times of a voided one', mail(times), voided, false],
    ['a text that is no dispatch', mail({ kind: 'other', fields: { number } }), made, false],
    ['one whose log is full', mail(), full(made), false],
  ])('%s', (_, mailed, candidate, expected) => {
    expect(isAbout(mailed, candidate)).toBe(expected);
  });

  function full(candidate: Candidate): Candidate {
    const log = Array.from({ length: LOG_ENTRIES_MAX }, () => candidate.log).flat();
    return { ...candidate, log };
  }
});

describe('propose', () => {
  test('an incident made from mail says where it came from', () => {
    const mail = proposal({ receivedAt: at(-1_000) }) as Proposal;
    const { record } = proposed(mail, undefined);
    expect(record).toMatchObject({
      version: 1,
      source: {
        type: 'cad',
        messageId: mail.message.id,
        sha256: mail.message.sha256,
        profile: 'generic',
        confidence: 0.9,
      },
      messageIds: [mail.message.id],
      ...mail.draft.fields,
    });
  });

  test('mails of one call converge to one incident in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(mails, { minLength: 1, maxLength: 6 }), fc.nat(), (list, seed) => {
        const inOrder = settle(list);
        const shuffled = settle(shuffle(list, seed));
        expect(withoutHistory(shuffled)).toEqual(withoutHistory(inOrder));
        expect(shuffled.record.version).toBe(list.length);
      }),
    );
  });

  test('whatever mails and people do, the incident is its log, and new log entries are new', () => {
    fc.assert(
      fc.property(mails, fc.array(fc.oneof(mails, patches), { maxLength: 10 }), (first, steps) => {
        let held = settle([first]);
        for (const [index, step] of steps.entries()) {
          held = 'workId' in step ? settle([step], held) : corrected(held, step, at(index * 1_000));
          expect(incidentOf(held.record, readLog(held.log))).toEqual(held.record);
        }
        expect(new Set(held.log.map((entry) => JSON.stringify(entry))).size).toBe(held.log.length);
      }),
    );
  });
});

function madeAt(ms: number) {
  return { id: randomUUIDv7(), at: at(ms), zone: 'America/Chicago' };
}

function isAbout(mail: Proposal, candidate: Candidate): boolean {
  return bestMatch(entryOf(mail, 'America/Chicago'), [candidate]) !== undefined;
}

/** The incident after a mail that is not discarded. */
function proposed(mail: Proposal, found: Candidate | undefined): Candidate {
  const result = decideProposal(entryOf(mail, 'America/Chicago'), found, madeAt(0));
  if (result.outcome === 'discarded') throw new Error('the mail was discarded');
  return applied(found, result.decision);
}

/** Applies proposals one after the other. The clock is behind that of the mails, as clocks can be. */
function settle(list: readonly Proposal[], begin?: Candidate): Candidate {
  let held = begin;
  for (const mail of list) {
    const found = held !== undefined && isAbout(mail, held) ? held : undefined;
    expect(found === undefined).toBe(held === undefined);
    held = proposed(mail, found);
  }
  if (held === undefined) throw new Error('a list of none');
  return held;
}

function corrected(held: Candidate, patch: object, now: string): Candidate {
  const decision = incidentKind.patch(held.record, patch, now);
  return decision === undefined ? held : applied(held, decision);
}

/** Who came first shows in id, times and version alone. */
function withoutHistory({ record, log }: Candidate) {
  const { id, createdAt, updatedAt, version, ...rest } = record;
  const entries = new Set(log.map((entry: LogEntry) => JSON.stringify(entry)));
  return { rest, entries };
}

function shuffle<Item>(items: readonly Item[], seed: number): Item[] {
  const keyed = items.map((item, index) => ({
    item,
    key: ((seed + 1) * (index + 7) * 2_654_435_761) % 4_093,
  }));
  return keyed.toSorted((left, right) => left.key - right.key).map(({ item }) => item);
}

const word = fc.constantFrom('E91', 't91', 'M4', 'OAK CT', 'ALL OUT', '12 MILL RD', '12  Mill rd');
const text = fc.array(word, { minLength: 1, maxLength: 3 }).map((lines) => lines.join('\n'));
const clock = fc.constantFrom('04:05', '04:06', '04:07:08');
// As JSON gives them: objects of the usual prototype.
const optional = { requiredKeys: [] as never[], noNullPrototype: true };
const required = { noNullPrototype: true };
const fieldSet = fc.record(
  {
    nature: word,
    address: word,
    city: word,
    source: word,
    apartment: word,
    priority: word,
    narrative: text,
    date: fc.constantFrom('2031-01-02', '2031-01-03'),
    time: clock,
    units: fc.array(word, { maxLength: 3 }),
    crossStreets: fc.array(word, { maxLength: 3 }),
    coordinates: fc.record(
      { lat: fc.constantFrom(41, 42), lon: fc.constantFrom(-88, -89) },
      required,
    ),
    unitTimes: fc.array(
      fc.record(
        { unit: word, enRoute: clock, onScene: clock },
        { requiredKeys: ['unit'], noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
  },
  optional,
);

const mails: fc.Arbitrary<Proposal> = fc
  .record({
    kind: fc.constantFrom<CadDraft['kind'][]>('dispatch', 'update', 'times'),
    confidence: fc.constantFrom(0.2, 0.9),
    unsure: fc.subarray<CadDraft['unsure'][number]>(['address', 'units', 'source']),
    number: fc.constantFrom('31-000123', '#31-000123', '31-000123, 31F7'),
    fields: fieldSet,
    receivedMs: fc.nat({ max: 10_000 }),
  })
  .map(({ number, fields, receivedMs, ...draft }) => {
    const about = {
      draft: { ...draft, fields: { ...fields, number } },
      receivedAt: at(receivedMs),
    };
    return proposal(about) as Proposal;
  });

const nulls = fc.constantFrom(
  'nature',
  'address',
  'units',
  'narrative',
  'unitTimes',
  'crossStreets',
);
const patches = fc
  .record({
    fields: fieldSet,
    removed: fc.option(nulls, { nil: undefined }),
    reviewed: fc.boolean(),
  })
  .map(({ fields: { source, ...fields }, removed, reviewed }) => ({
    ...fields,
    ...(source === undefined ? {} : { agency: source }),
    ...(removed === undefined ? {} : { [removed]: null }),
    ...(reviewed ? { needsReview: false } : {}),
    status: 'open',
  }));
