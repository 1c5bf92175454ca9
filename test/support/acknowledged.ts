/** What must be true of everything that was acknowledged, once the faults are over. */
import assert from 'node:assert/strict';
import { type Api, until } from './api.ts';
import type { Acknowledged } from './load.ts';

const PAGE = 200;
/** A mail whose worker was killed comes again when its lease has run out, or a minute later. */
const SETTLED_MS_MAX = 180_000;

interface Entry {
  readonly seq: number;
  readonly id: string;
  readonly action: string;
  readonly object: { readonly type: string; readonly id: string; readonly version?: number };
}

/**
 * Every write is there once, records have their versions in the order of the acknowledgements, and
 * the ledger has one entry for each, in the order of the versions; no id of an entry is twice.
 */
export async function assertOnce(api: Api, acknowledged: Acknowledged): Promise<void> {
  const { incidents, files, mails } = acknowledged;
  const records = new Map<string, number>();
  for (const { id, number, channels } of incidents) {
    const found = (await api.get(`/v1/incidents?number=${number}`)).body.items;
    assert.deepEqual(found.map(idOf), [id], `incidents of number ${number}`);
    const history = (await api.get(`/v1/incidents/${id}/history`)).body.items;
    assert.deepEqual(history.flatMap(channelIn), channels, `corrections of ${id}`);
    records.set(id, channels.length + 1);
  }
  for (const number of mails) {
    const { body } = await until(
      `the incident of mail ${number}`,
      () => api.get(`/v1/incidents?number=${number}`),
      (answer) => answer.body.items?.length > 0,
      SETTLED_MS_MAX,
    );
    assert.equal(body.items.length, 1, `incidents of mail ${number}`);
    records.set(body.items[0].id, 1);
  }
  for (const id of files) {
    assert.equal((await api.get(`/v1/files/${id}`)).body.status, 'ready', `file ${id}`);
  }
  const expected = [
    ...[...records].flatMap(([id, versions]) => versionsOf(`incident ${id}`, versions)),
    ...files.flatMap((id) => [`file ${id} files.file.begun`, `file ${id} files.file.finished`]),
  ].toSorted();
  const entries = await until(
    'the entries of all writes',
    () => readEntries(api),
    (all) => all.filter((entry) => isOf(entry, records, files)).length >= expected.length,
    SETTLED_MS_MAX,
  );
  const standing = entries.filter((entry) => isOf(entry, records, files)).map(nameOf);
  assert.deepEqual(standing.toSorted(), expected);
  assert.deepEqual(disordered(entries), []);
  assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length, 'an id is twice');
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    entries.map((_, at) => at),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: incidents as the API shows them
const idOf = ({ id }: any): string => id;

// biome-ignore lint/suspicious/noExplicitAny: history as the API shows it
function channelIn({ changes }: any): string[] {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const change = changes.find(({ field }: any) => field === 'channel');
  return change === undefined ? [] : [change.after];
}

function versionsOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${name} version ${at + 1}`);
}

function isOf({ object, action }: Entry, records: Map<string, number>, files: readonly string[]) {
  if (object.type === 'incident') return records.has(object.id);
  return action.startsWith('files.') && files.includes(object.id);
}

function nameOf({ object, action }: Entry): string {
  if (object.type === 'incident') return `incident ${object.id} version ${object.version}`;
  return `file ${object.id} ${action}`;
}

/** Entries that stand behind a later version of their record. */
function disordered(entries: readonly Entry[]): string[] {
  const newest = new Map<string, number>();
  return entries.flatMap((entry) => {
    const { object } = entry;
    if (object.version === undefined) return [];
    const key = `${object.type} ${object.id}`;
    const before = newest.get(key) ?? 0;
    newest.set(key, Math.max(before, object.version));
    return object.version < before ? [nameOf(entry)] : [];
  });
}

/** The whole ledger of the department, in its order. */
async function readEntries(api: Api): Promise<Entry[]> {
  const entries: Entry[] = [];
  let cursor = '';
  for (;;) {
    const { body } = await api.get(`/v1/ledger/entries?limit=${PAGE}${cursor}`);
    entries.push(...body.items);
    if (body.next === undefined) return entries;
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}
