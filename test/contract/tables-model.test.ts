/** Any history of writes and lists gives what the same history gives on a map in memory. */
import fc from 'fast-check';
import { describe, expect, test as plain } from 'vitest';
import type { Change, ListRequest, RowKey, TenantTables } from '#shared/ports/tables.ts';
import { tablesAdapters } from './adapters.ts';
import { openedTables, unaudited } from './tables-fixtures.ts';

const kinds = fc.constantFrom('incident', 'history');
/** Few ids, so that changes meet; beginnings of each other, so that prefixes do. */
const ids = fc.constantFrom('a', 'a/', 'a/1', 'a/2', 'é', '￿', '🚒', '🚒/1');
const keys = fc.record({ kind: kinds, id: ids });
const versions = fc.integer({ min: 0, max: 3 });

const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .tuple(keys, fc.jsonValue(), fc.option(fc.uint8Array(), { nil: undefined }), versions)
    .map(([key, value, bytes, expected]) => ({
      // JSON text has no -0: a row that holds one comes back as 0.
      put: { ...key, value: JSON.parse(JSON.stringify(value)), ...(bytes && { bytes }) },
      expect: expected,
    })),
  fc.tuple(keys, versions).map(([remove, expected]) => ({ remove, expect: expected })),
  fc.tuple(keys, versions).map(([check, expected]) => ({ check, expect: expected })),
);

const write = fc.uniqueArray(change, {
  minLength: 1,
  maxLength: 4,
  selector: (each) => nameOf(keyOf(each)),
});

const list: fc.Arbitrary<ListRequest> = fc.record(
  {
    kind: kinds,
    limit: fc.integer({ min: 1, max: 6 }),
    prefix: ids,
    after: ids,
    descending: fc.boolean(),
  },
  { requiredKeys: ['kind', 'limit'] },
);

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ write }) },
  { weight: 1, arbitrary: fc.record({ list }) },
);

describe.each(tablesAdapters)('any history on $name', ({ open, missing, graceMs }) => {
  const test = plain.skipIf(missing);
  test('is as on a map in memory', async () => {
    const made = await openedTables(open);
    await using _ = made.place;
    let histories = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        histories += 1;
        // A tenant for each history: the store is opened once for all of them.
        await expectSameHistory(made.tables.forTenant(`history-${histories}`), steps);
      }),
      // Over a network each step is a call.
      { numRuns: graceMs > 1 ? 50 : 150 },
    );
  });
});

type Model = Map<string, { readonly kind: string; readonly id: string; readonly version: number }>;

async function expectSameHistory(
  rows: TenantTables,
  steps: readonly ({ write: Change[] } | { list: ListRequest })[],
): Promise<void> {
  const model: Model = new Map();
  for (const each of steps) {
    if ('list' in each) expect(await rows.list(each.list)).toEqual(modelList(model, each.list));
    else {
      const result = await rows.write({ changes: each.write, events: [], unaudited });
      expect(result).toEqual(modelWrite(model, each.write));
    }
  }
}

function modelWrite(model: Model, changes: readonly Change[]) {
  const versionOf = (key: RowKey) => model.get(nameOf(key))?.version ?? 0;
  const lost = changes.find((each) => versionOf(keyOf(each)) !== each.expect);
  if (lost !== undefined) {
    const { kind, id } = keyOf(lost);
    return { ok: false, conflict: { kind, id } };
  }
  for (const each of changes) {
    const name = nameOf(keyOf(each));
    if ('put' in each) model.set(name, { ...each.put, version: each.expect + 1 });
    if ('remove' in each) model.delete(name);
  }
  return { ok: true };
}

function modelList(model: Model, request: ListRequest) {
  const { kind, prefix = '', after, limit, descending = false } = request;
  const direction = descending ? -1 : 1;
  const compare = (a: string, b: string) =>
    direction * Buffer.compare(Buffer.from(a), Buffer.from(b));
  return [...model.values()]
    .filter((row) => row.kind === kind && row.id.startsWith(prefix))
    .filter(({ id }) => after === undefined || compare(id, after) > 0)
    .toSorted((a, b) => compare(a.id, b.id))
    .slice(0, limit);
}

function keyOf(each: Change): RowKey {
  if ('put' in each) return each.put;
  return 'remove' in each ? each.remove : each.check;
}

function nameOf({ kind, id }: RowKey): string {
  return `${kind} ${id}`;
}
