import { randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { auditEvent } from '#contracts/audit-event.ts';
import { ledgerEntry } from '#contracts/ledger.ts';
import { ENTRY_BYTES_MAX } from '#contracts/limits.ts';
import { decide, fitting, type Known, offer } from '#services/ledger/chain/append.ts';
import { entriesOf, headerHash, isIntact, sealedOf } from '#services/ledger/chain/block.ts';
import {
  contentOf,
  contentText,
  disclosureDigest,
  entryText,
  NO_LEAF,
  parseEntry,
  standsAt,
} from '#services/ledger/chain/entry.ts';
import { DamagedLog, EMPTY_HEAD, followBlock, makeBlock } from '#services/ledger/chain/head.ts';
import { lookInto } from '#services/ledger/chain/look.ts';
import { filterOf, mayHold } from '#services/ledger/chain/marks.ts';
import { recordOf } from '#services/ledger/chain/seal.ts';
import { leafHash } from '#services/ledger/chain/tree.ts';
import { firstFree } from '#services/ledger/checkpoints/second-place.ts';
import { canonicalText } from '#shared/canonical.ts';
import type { Json } from '#shared/ports/tables.ts';

const tenant = '01890f3e-7b1a-7c3d-8e4f-5a6b7c8d9e0f';
const text = (maxLength: number) => fc.string({ unit: 'grapheme', minLength: 1, maxLength });
const base64url = fc
  .uint8Array({ minLength: 1, maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));
const time = fc
  .date({ min: new Date(0), max: new Date('9000-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

/** Any event that the schema takes. */
const anyEvent: fc.Arbitrary<AuditEvent> = fc
  .record({
    at: time,
    actor: fc.record({
      type: fc.constantFrom('user', 'key', 'service', 'anonymous'),
      id: text(64),
      name: optional(text(120)),
      via: optional(text(64)),
      address: optional(text(64)),
      agent: optional(text(256)),
      session: optional(text(64)),
    }),
    action: fc.constantFrom('core-records.incident.updated', 'a.b.c'),
    object: fc.record({
      type: fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/),
      id: text(128),
      version: optional(fc.integer({ min: 1 })),
    }),
    outcome: fc.constantFrom('success', 'refused', 'failure'),
    reason: optional(text(1_000)),
    requestId: text(64),
    disclosures: fc.array(base64url, { minLength: 1, maxLength: 5 }),
  })
  .map(
    (event) =>
      auditEvent.safeParse(withoutUndefined({ ...event, id: randomUUIDv7(), tenant })).data,
  )
  .filter((event) => event !== undefined);

function withoutUndefined(value: object): object {
  return JSON.parse(JSON.stringify(value));
}

describe('entry', () => {
  const place = fc.record({
    seq: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    recordedAt: time,
    prev: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex()),
  });

  test('is the RFC 8785 form of what the contract declares, and reads back as it', () => {
    fc.assert(
      fc.property(anyEvent, place, (event, where) => {
        const written = entryText(contentText(contentOf(event)), where);
        const { disclosures, ...content } = event;
        const sd = disclosures.map(disclosureDigest).sort();
        const declared = { ...content, ...where, sd, v: 1 as const };
        expect(written).toBe(canonicalText(declared as unknown as Json));
        expect(ledgerEntry.parse(JSON.parse(written))).toEqual(declared);
        const bytes = Buffer.from(written);
        expect(parseEntry(bytes)).toEqual(declared);
        expect(standsAt(bytes, { tenant, ...where })).toBe(true);
        expect(standsAt(bytes, { tenant, ...where, seq: where.seq + 1 })).toBe(false);
        expect(standsAt(bytes, { tenant: `${tenant}0`, ...where })).toBe(false);
        expect(standsAt(bytes, { tenant, ...where, prev: 'f'.repeat(64) })).toBe(false);
        expect(bytes.length).toBeLessThanOrEqual(contentText(contentOf(event)).entryBytes);
      }),
    );
  });

  test('what UTF-8 cannot hold becomes U+FFFD, and the event is the same one ever after', () => {
    const lone = { ...plainEvent(), reason: 'cut \ud83d', requestId: '\udc00' };
    const mended = { ...lone, reason: 'cut \ufffd', requestId: '\ufffd' };
    const where = { seq: 1, recordedAt: lone.at, prev: NO_LEAF };
    const entry = entryText(contentText(contentOf(lone)), where);
    expect(entry).toBe(entryText(contentText(contentOf(mended)), where));
    const read = parseEntry(Buffer.from(entry));
    expect(contentText(read).identity).toBe(offer(lone).content.identity);
  });

  test.each(['a\u0000b', '\ud800', 'Ünit 7', 'x'.repeat(128)])(
    'an object whose id is %j has a record that can be the id of a row',
    (id) => {
      const record = recordOf({ object: { type: 'unit', id } });
      expect(record).toMatch(/^unit\/[\x20-\x7e]{1,128}$/);
      expect(recordOf({ object: { type: 'unit', id: `${id}.` } })).not.toBe(record);
    },
  );

  test('the largest event that the schema takes is within the length that a bundle can hold', () => {
    // Six characters for one: a control character as JSON escapes it.
    const escaped = (chars: number) => '\u0001'.repeat(chars);
    const event: AuditEvent = auditEvent.parse({
      id: randomUUIDv7(),
      tenant,
      at: '2031-01-01T00:00:00.000Z',
      actor: {
        type: 'anonymous',
        id: escaped(64),
        name: escaped(120),
        via: escaped(64),
        address: escaped(64),
        agent: escaped(256),
        session: escaped(64),
      },
      action: `${'a'.repeat(40)}.b.c`,
      object: { type: 'a'.repeat(41), id: escaped(128), version: Number.MAX_SAFE_INTEGER },
      outcome: 'refused',
      reason: escaped(1_000),
      requestId: escaped(64),
      disclosures: Array.from({ length: 128 }, (_, index) => `x${index}`),
    });
    expect(contentText(contentOf(event)).entryBytes).toBeLessThan(ENTRY_BYTES_MAX);
  });

  test('a `prev` hidden in another object does not stand for the real one', () => {
    const prev = 'a'.repeat(64);
    const event = auditEvent.parse({ ...plainEvent(), reason: 'with {braces} and "prev":"' });
    const good = entryText(contentText(contentOf(event)), { seq: 3, recordedAt: event.at, prev });
    expect(standsAt(Buffer.from(good), { tenant, seq: 3, prev })).toBe(true);
    const hidden = good.replace(
      `"prev":"${prev}"`,
      `"prev":"${'b'.repeat(64)}","q":{"prev":"${prev}"}`,
    );
    expect(standsAt(Buffer.from(hidden), { tenant, seq: 3, prev })).toBe(false);
  });

  test.each([
    ['white space', (good: string) => good.replace(',', ', ')],
    ['keys in another order', (good: string) => `{"v":1,${good.slice(1).replace(',"v":1', '')}`],
    ['a field more', (good: string) => good.replace('{', '{"a":1,')],
    ['a field less', (good: string) => good.replace(/"requestId":"[^"]*",/, '')],
    ['bytes that are no UTF-8', (good: string) => good.replace('FIRE', '\xff')],
  ])('bytes with %s are no entry', (_, change) => {
    const event = auditEvent.parse({ ...plainEvent(), reason: 'FIRE' });
    const place = { seq: 0, recordedAt: event.at, prev: NO_LEAF };
    const good = entryText(contentText(contentOf(event)), place);
    expect(parseEntry(Buffer.from(good)).id).toBe(event.id);
    expect(() => parseEntry(Buffer.from(change(good), 'latin1'))).toThrow();
  });
});

describe('decide', () => {
  const id = (index: number) => `01890f3e-7b1a-7c3d-8e4f-5a6b7c8d9e0${index}`;
  const variant = (index: number, reason: number) =>
    offer({ ...plainEvent(), id: id(index), reason: `r${reason}` });

  /** The rule in its plainest form: what the first content of each id was, and which pairs differ. */
  function openModel() {
    const first = new Map<number, number>();
    const pairs = new Set<string>();
    return {
      verdict(index: number, reason: number): string {
        const before = first.get(index);
        if (before === undefined) first.set(index, reason);
        if (before === undefined) return 'appended';
        if (before === reason) return 'repeated';
        pairs.add(`${index}/${reason}`);
        return 'conflict';
      },
      entries: () => first.size + pairs.size,
    };
  }

  test('any offers, in any batches: each id once with the first content, each pair told of once', () => {
    const index = fc.integer({ min: 0, max: 4 });
    const offers = fc.array(fc.tuple(index, fc.integer({ min: 0, max: 2 })));
    fc.assert(
      fc.property(fc.array(offers, { maxLength: 6 }), (batches) => {
        const model = openModel();
        const log: ReturnType<typeof offer>[] = [];
        for (const batch of batches) {
          const offered = batch.map(([index, reason]) => variant(index, reason));
          const known = new Map(log.map((each, seq) => [each.event.id, knownOf(each, seq)]));
          const request = { offered, known, now: plainEvent().at, salt: () => 'salt' };
          const { entries, verdicts, telling } = decide(request);
          const expected = batch.map(([index, reason]) => model.verdict(index, reason));
          expect(verdicts.map(({ status }) => status)).toEqual(expected);
          const told = entries.filter(({ event }) => event.action === 'ledger.event.conflicted');
          expect(told.map(({ event }) => event.id)).toEqual(telling);
          log.push(...entries);
        }
        expect(log.length).toBe(model.entries());
        expect(new Set(log.map(({ event }) => event.id)).size).toBe(log.length);
        // What tells of a conflict is an event like any other.
        for (const { event } of log) expect(auditEvent.parse(event)).toEqual(event);
      }),
    );
  });

  test('what fits a block is at least one, and not more than its bytes', () => {
    const small = variant(0, 0);
    expect(fitting([small])).toBe(1);
    expect(fitting([{ ...small, bytes: 10_000_000 }, small])).toBe(1);
    expect(fitting([{ ...small, bytes: 200_000 }, { ...small, bytes: 62_144 }, small])).toBe(2);
    expect(fitting(Array.from({ length: 300 }, () => ({ ...small, bytes: 1 })))).toBe(256);
  });

  function knownOf(each: ReturnType<typeof offer>, seq: number): Known {
    return { seq, leafHash: NO_LEAF, identity: contentText(contentOf(each.event)).identity };
  }
});

describe('block', () => {
  const contents = fc.array(anyEvent, { minLength: 1, maxLength: 12 });
  const makeOn = (head: typeof EMPTY_HEAD, events: readonly AuditEvent[]) =>
    makeBlock({
      head,
      contents: events.map((event) => contentText(contentOf(event))),
      sealed: events.map(({ id }) => Buffer.from(`sealed ${id}`)),
      recordedAt: '2031-01-01T00:00:00.000Z',
      writer: 'w',
    });

  test('made blocks can be followed and give back what was put into them', () => {
    fc.assert(
      fc.property(contents, contents, (one, two) => {
        const first = makeOn(EMPTY_HEAD, one);
        const second = makeOn(first.head, two);
        const followed = followBlock(first.head, { header: second.header, body: second.body });
        expect(followed.head).toEqual(second.head);
        expect(followed.leaves).toEqual(second.leaves);
        expect(entriesOf(second)).toEqual(second.entries);
        expect(sealedOf(second).map(({ bytes }) => `${bytes}`)).toEqual(
          two.map(({ id }) => `sealed ${id}`),
        );
        expect(second.header).toMatchObject({ first: one.length, size: one.length + two.length });
        expect(second.entries.map(parseEntry).map(({ prev }) => prev)).toEqual([
          first.header.leaf,
          ...second.leaves.slice(0, -1).map((leaf) => leaf.toString('hex')),
        ]);
      }),
      { numRuns: 40 },
    );
  });

  test('a look into a made block finds it sound, with its leaves, and changes no byte of it', () => {
    fc.assert(
      fc.property(contents, (drawn) => {
        const [tenant, other] = [randomUUIDv7(), randomUUIDv7()];
        const events = drawn.map((event) => ({ ...event, tenant }));
        const { header, body, leaves } = makeOn(EMPTY_HEAD, events);
        const before = Buffer.from(body);
        const sound = lookInto(tenant, { header, body });
        expect(Buffer.from(body)).toEqual(before);
        expect(sound).toMatchObject({ header, prev: NO_LEAF });
        expect(Buffer.from(sound?.leaves ?? [])).toEqual(Buffer.concat(leaves));
        expect(lookInto(other, { header, body })).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });

  test('a block of many entries is packed, and smaller than they are', () => {
    const events = Array.from({ length: 50 }, () => plainEvent());
    const block = makeOn(EMPTY_HEAD, events);
    expect(block.header.packing).toBe('zstd');
    expect(block.header.entriesBytes).toBeLessThan(
      block.entries.reduce((sum, { length }) => sum + length, 0) * 0.7,
    );
    expect(makeOn(EMPTY_HEAD, events.slice(0, 1)).header.packing).toBe('raw');
  });

  test('a block that was altered or does not go on is refused', () => {
    const first = makeOn(EMPTY_HEAD, [plainEvent()]);
    const second = makeOn(first.head, [plainEvent()]);
    const sound = (header: typeof second.header) => ({ ...header, hash: headerHash(header) });
    const bad = [
      { ...second, body: Buffer.from(second.body).fill(1, 5, 6) },
      { ...second, header: { ...second.header, size: 3 } },
      { ...second, header: sound({ ...second.header, prevBlockHash: NO_LEAF }) },
      { ...second, header: sound({ ...second.header, first: 2 }) },
      { ...second, header: sound({ ...second.header, root: first.header.root }) },
    ];
    expect(isIntact(second)).toBe(true);
    for (const block of bad) expect(() => followBlock(first.head, block)).toThrow(DamagedLog);
    expect(() => followBlock(EMPTY_HEAD, second)).toThrow(DamagedLog);
    expect(leafHash(second.entries[0] ?? Buffer.alloc(0)).toString('hex')).toBe(second.header.leaf);
  });
});

describe('filter of a page', () => {
  test('never denies a mark that is there, and mostly denies one that is not', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 40 }), (events) => {
        const filter = filterOf(events);
        for (const { actor, action, object, outcome } of events) {
          const question = {
            actor: actor.id,
            action,
            objectType: object.type,
            objectId: object.id,
            outcome,
            address: actor.address,
          };
          expect(mayHold(filter, question)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
    const page = Array.from({ length: 256 }, (_, index) => ({
      ...plainEvent(),
      object: { type: 'incident', id: `i-${index}` },
    }));
    const filter = filterOf(page);
    const strangers = Array.from({ length: 2_000 }, (_, index) => `stranger-${index}`);
    const hits = strangers.filter((objectId) => mayHold(filter, { objectId }));
    expect(hits.length).toBeLessThan(60);
  });
});

test('the first free number is found by few questions, wherever it is', async () => {
  for (const taken of [0, 1, 2, 3, 7, 8, 1_000, 1_000_000]) {
    for (const from of [0, Math.floor(taken / 2), taken]) {
      let asked = 0;
      const isTaken = async (number: number) => {
        asked += 1;
        return number < taken;
      };
      expect(await firstFree(isTaken, from)).toBe(taken);
      expect(asked).toBeLessThan(45);
    }
  }
});

function plainEvent(): AuditEvent {
  return {
    id: randomUUIDv7(),
    tenant,
    at: '2031-01-02T10:05:06.789Z',
    actor: { type: 'user', id: 'u-1' },
    action: 'core-records.incident.updated',
    object: { type: 'incident', id: 'i-1', version: 2 },
    outcome: 'success',
    requestId: 'r-1',
    disclosures: ['WyJzYWx0IiwibmF0dXJlIix7fV0'],
  };
}
