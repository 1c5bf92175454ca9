/** What an answer of DynamoDB means for a write. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { number } from '#shared/aws/tables-items.ts';
import { withPredecessors } from '#shared/aws/tables-outbox.ts';
import { openPositions } from '#shared/aws/tables-positions.ts';
import {
  type Part,
  verdictOnCancelled,
  verdictOnLonePut,
  verdictOnPart,
} from '#shared/aws/tables-verdict.ts';
import type { OutboxEvent } from '#shared/ports/tables.ts';
import { event } from '#test/contract/tables-fixtures.ts';

const POSITION = 50;
const row = (id: string, version: number): Part => ({ row: { kind: 'incident', id }, version });
const item = (version: number, position: number, writer = 'other') => ({
  v: number(version),
  p: number(position),
  w: { B: Buffer.from(writer) },
});
const failed = (found?: ReturnType<typeof item>) => ({
  Code: 'ConditionalCheckFailed',
  ...(found ? { Item: found } : {}),
});
const none = { Code: 'None' };
const passing = [
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
].map((Code) => ({ Code }));

describe('a cancelled transaction', () => {
  const parts = [row('a', 2), row('b', 0), row('c', 5)];
  const verdict = (...reasons: { Code: string }[]) => verdictOnCancelled(reasons, parts, POSITION);

  test.each(passing)('is sent again when $Code was in the way', (reason) => {
    expect(verdict(none, reason, none)).toEqual({ kind: 'again' });
  });

  test('names the first row that is not as expected, whatever else was in the way', () => {
    const key = { kind: 'incident', id: 'b' };
    for (const reason of passing) {
      const reasons = [reason, failed(item(1, 10)), failed(item(9, 10))];
      expect(verdict(...reasons)).toEqual({ kind: 'conflict', key });
    }
  });

  test('is sent again with later positions when only these were too low', () => {
    const reasons = [failed(item(2, 70)), none, failed(item(5, 90))];
    expect(verdict(...reasons)).toEqual({ kind: 'behind', position: 90 });
  });

  test('with a row that is not as expected is a conflict, even beside a position too low', () => {
    const reasons = [failed(item(2, 70)), none, failed(item(6, 10))];
    expect(verdict(...reasons)).toMatchObject({ kind: 'conflict', key: { id: 'c' } });
  });

  test.each(['ValidationError', 'ItemCollectionSizeLimitExceeded', 'SomethingNew'])(
    'for %s is a bug, whatever else was in the way',
    (Code) => {
      const result = verdict({ Code }, failed(), { Code: 'TransactionConflict' });
      expect(result).toEqual({ kind: 'broken', codes: [Code] });
    },
  );

  test('is judged by one of all reasons, in any mixture of them', () => {
    const reason = fc.constantFrom(none, ...passing, failed(), failed(item(2, 70)));
    fc.assert(
      fc.property(fc.array(reason, { minLength: 3, maxLength: 3 }), (reasons) => {
        const { kind } = verdictOnCancelled(reasons, parts, POSITION);
        const isLost = reasons.some(
          (each, index) =>
            each.Code === 'ConditionalCheckFailed' && !(index === 0 && 'Item' in each),
        );
        const isBehind = reasons[0]?.Code === 'ConditionalCheckFailed';
        expect(kind).toBe(isLost ? 'conflict' : isBehind ? 'behind' : 'again');
      }),
    );
  });
});

describe('a condition that failed', () => {
  test('on a name in the directory is a conflict', () => {
    const key = { kind: 'mail', id: 'chief@example.org' };
    expect(verdictOnPart({ added: key }, undefined, POSITION)).toEqual({ kind: 'conflict', key });
  });

  test('on the place of an event is a position that another process has', () => {
    expect(verdictOnPart({ event: 51 }, undefined, POSITION)).toEqual({
      kind: 'behind',
      position: 51,
    });
  });
});

describe('a put without a transaction', () => {
  const mine = Buffer.from('mine');
  const part = { row: { kind: 'block', id: '7' }, version: 3 };
  const verdict = (found: ReturnType<typeof item> | undefined, doubtful: boolean) =>
    verdictOnLonePut({ part, found, position: POSITION, mine, doubtful }).kind;

  test('that had no answer is done when its own id stands there', () => {
    expect(verdict(item(4, 50, 'mine'), true)).toBe('done');
  });

  test.each([
    ['another write made the same version', item(4, 60), 'conflict'],
    ['the row is at the expected version, at a later position', item(3, 60), 'behind'],
    ['the row was written again since', item(5, 60), 'unknown'],
    ['the row is at an older version', item(1, 60), 'unknown'],
    ['the row is gone', undefined, 'unknown'],
  ])('that had no answer, when %s', (_, found, expected) => {
    expect(verdict(found, true)).toBe(expected);
  });

  test.each([
    [item(4, 60), 'conflict'],
    [item(5, 60), 'conflict'],
    [undefined, 'conflict'],
    [item(3, 60), 'behind'],
  ])('whose tries were all answered is judged by what stands there', (found, expected) => {
    expect(verdict(found, false)).toBe(expected);
  });
});

describe('positions', () => {
  test('go on behind everything given or seen, whatever the clock does, and stay exact', () => {
    const step = fc.record({
      ms: fc.integer({ min: -100_000, max: 100_000 }),
      count: fc.integer({ min: 0, max: 100 }),
      seen: fc.option(fc.nat({ max: 10 })),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let now = Date.UTC(2080, 0, 1);
        const positions = openPositions(() => now);
        let last = 0;
        for (const { ms, count, seen } of steps) {
          now += ms;
          if (seen !== null) positions.seen(last + seen);
          const first = positions.take(count);
          expect(first).toBeGreaterThan(last + (seen ?? 0));
          last = first + Math.max(count, 1) - 1;
          expect(Number.isSafeInteger(last)).toBe(true);
        }
      }),
    );
  });
});

describe('a reading of the outbox', () => {
  const at = (position: number, id: string): OutboxEvent => ({ position, event: event(id) });
  const first = [at(1, 'a'), at(5, 'b'), at(9, 'a')];

  test('is completed by what the second one finds before it on the same records', () => {
    const again = [...first, at(4, 'b'), at(7, 'a')];
    const positions = withPredecessors(first, again).map(({ position }) => position);
    expect(positions).toEqual([1, 4, 5, 7, 9]);
  });

  test('does not take what may itself lack a predecessor', () => {
    const again = [...first, at(6, 'b'), at(8, 'c'), at(10, 'a')];
    expect(withPredecessors(first, again)).toEqual(first);
  });

  test('keeps what was forgotten meanwhile: the ledger knows it', () => {
    expect(withPredecessors(first, [])).toEqual(first);
  });
});
