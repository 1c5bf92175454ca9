/**
 * An expungement whose process ends at any change that it makes, in the ledger, core-records, files
 * or cad-ingest: the next process completes it, and no file of any store has a word or a key that had
 * to go.
 */
import { randomUUIDv7 } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCadMessage, readRawCadMessage } from '#contracts/cad-messages.ts';
import { fileUrl } from '#contracts/files.ts';
import { listEntries, verifyLedger } from '#contracts/ledger.ts';
import { discloseEntry } from '#contracts/ledger-evidence.ts';
import {
  approveExpungement,
  readExpungement,
  requestExpungement,
} from '#contracts/ledger-expungements.ts';
import { incidentHistory, readIncident } from '#contracts/records/incident.ts';
import { codeOf } from '#test/ledger/serving.ts';
import { openTamper } from '#test/ledger/tamper.ts';
import { until } from '#test/support/api.ts';
import { type CrashPoint, type Ending, openEnding } from '#test/support/crash-image.ts';
import { foundIn } from '#test/support/encodings.ts';
import { bytesBelow, temporaryFolder } from '#test/support/folder.ts';
import {
  correct,
  type ExpungementDesk,
  type Made,
  makeIncident,
  openExpungementDesk,
} from './expungement-desk.ts';

const words = { mailed: 'QUILLFEATHER LANE', said: 'NUTHATCH', filed: 'GUILLEMOT' };
/** Said right before the approval: its event is on its way to the ledger then. */
const LATE = 'PIPISTRELLE';

interface Order {
  readonly fields?: string[];
  /** Every change, in its order but for what the services do side by side. */
  readonly steps: readonly string[];
  /** What the same name stands for more than once. */
  readonly again: readonly { readonly at: string; readonly count: number }[];
  readonly secrets: readonly string[];
}

const orders: Readonly<Record<'record' | 'fields', Order>> = {
  record: {
    steps: [
      'ledger -record-key block expungement expunging record-key, erased',
      'core-records -incident-number -incident-place history incident with an event',
      'core-records expunged-messages',
      'core-records -incident-number-claim',
      'core-records -incident-log',
      'core-records history',
      'core-records ?erasure, erased',
      'files expunged-record',
      'files file with an event',
      'files erases bytes',
      'files ?erasure, erased',
      'cad-ingest -cad-message-index cad-message cad-message-index with an event',
      'cad-ingest erases bytes',
      'cad-ingest ?erasure, erased',
      'ledger expungement expunging',
      'ledger -record-key block expungement, erased',
      'ledger ?erasure, erased',
      'ledger -expunging expungement with an event',
    ],
    again: [
      { at: 'core-records -incident-number-claim', count: 2 },
      { at: 'ledger expungement expunging', count: 2 },
      { at: 'ledger expungement expunging', count: 3 },
    ],
    secrets: [...Object.values(words), LATE],
  },
  fields: {
    fields: ['address', 'placeName'],
    steps: [
      'ledger block expungement expunging kept-values record-key, erased',
      'core-records -incident-place history incident with an event',
      'core-records expunged-messages',
      'core-records -incident-number-claim',
      'core-records incident-log',
      'core-records history',
      'core-records ?erasure, erased',
      'cad-ingest cad-message with an event',
      'cad-ingest erases bytes',
      'cad-ingest ?erasure, erased',
      'ledger expungement expunging',
      'ledger ?erasure, erased',
      'ledger -expunging expungement with an event',
    ],
    again: [{ at: 'ledger expungement expunging', count: 2 }],
    secrets: [words.mailed, words.said, LATE],
  },
};
type Scope = keyof typeof orders;
const scopes: readonly Scope[] = ['record', 'fields'];

interface Case extends Made {
  readonly dataDir: string;
  readonly tenant: string;
  readonly expungementIds: Readonly<Record<Scope, string>>;
  /** As their rows hold them: sealed by the vault. */
  readonly keys: { readonly incident: Buffer; readonly file: Buffer };
}

let made: Case;
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

/** Expungements that were asked for, on a folder that nobody has open. */
beforeAll(async () => {
  const { path: dataDir } = stack.use(await temporaryFolder());
  const tenant = randomUUIDv7();
  await using desk = await openExpungementDesk({ dataDir, tenant });
  const incident = await makeIncident(desk, words, tenant);
  await desk.settled();
  const request = async ({ fields }: Order) => {
    const named = { objectType: 'incident', objectId: incident.incidentId };
    const scope = { ...named, ...(fields && { fields }) };
    const body = { scope, order: '2031-CV-17', reason: 'juvenile court' };
    return (await desk.as('admin', requestExpungement, { body })).id;
  };
  const expungementIds = {
    record: await request(orders.record),
    fields: await request(orders.fields),
  };
  await desk.settled();
  using tamper = openTamper({ host: desk.host, tenant });
  const keyOf = (record: string) => {
    const row = tamper.rows('record-key').find(({ id }) => id === record);
    if (row === undefined) throw new Error(`${record} has no key`);
    return row.bytes;
  };
  const keys = {
    incident: keyOf(`incident/${incident.incidentId}`),
    file: keyOf(`file/${incident.fileId}`),
  };
  made = { dataDir, tenant, ...incident, expungementIds, keys };
});

test.each(scopes)('the changes of an order about a %s are these', async (scope) => {
  await using folder = await temporaryFolder();
  const { desk, ending } = await openFirst(folder.path);
  await using _ = desk;
  await approve(desk, scope);
  await completion(desk, scope);
  const { steps } = orders[scope];
  const known = new Set(steps);
  const others = [...new Set(ending.changes)].filter((each) => !known.has(each));
  // Entries of events, and the correction itself.
  expect(others.filter((each) => !/^ledger block|incident-log with an event$/.test(each))).toEqual(
    [],
  );
  expect(steps.filter((each) => !ending.changes.includes(each))).toEqual([]);
  await expectGone[scope](desk, join(folder.path, 'first'));
});

const fates = ['unapplied', 'applied'] as const;
const cases = scopes.flatMap((scope) => {
  const { steps, again } = orders[scope];
  const places = [...steps.map((at) => ({ at, count: 1 })), ...again];
  return places.flatMap((place) => fates.map((fate) => ({ scope, ...place, fate })));
});
test.each(cases)(
  'a process that ends at "$at" ($scope, $count, $fate) leaves it to the next one',
  async ({ scope, ...point }) => {
    await using folder = await temporaryFolder();
    {
      const { desk, ending } = await openFirst(folder.path, point);
      await approve(desk, scope).catch(() => undefined);
      await until('the end of the process', async () => ending.isOver, Boolean);
      await Promise.resolve(desk[Symbol.asyncDispose]()).catch(() => undefined);
    }
    const dataDir = join(folder.path, 'image');
    await using desk = await openExpungementDesk({ dataDir, tenant: made.tenant });
    const params = { id: made.expungementIds[scope] };
    const { status } = await desk.as('reviewer', readExpungement, { params });
    const isCommitted = point.at !== orders[scope].steps[0] || point.fate === 'applied';
    expect(status).toBe(isCommitted ? 'done' : 'requested');
    if (!isCommitted) await approve(desk, scope);
    await completion(desk, scope);
    await expectGone[scope](desk, dataDir);
  },
);

/** A process on a copy of the folder, which is asked for the expungement in the middle of other work. */
async function openFirst(folder: string, point?: CrashPoint) {
  const dataDir = join(folder, 'first');
  cpSync(made.dataDir, dataDir, { recursive: true });
  const ending: Ending = openEnding({ from: dataDir, image: join(folder, 'image') });
  const desk = await openExpungementDesk({ dataDir, tenant: made.tenant, ending });
  ending.arm(point);
  await correct(desk, made.incidentId, LATE);
  return { desk, ending };
}

function approve(desk: ExpungementDesk, scope: Scope) {
  return desk.as('reviewer', approveExpungement, { params: { id: made.expungementIds[scope] } });
}

async function completion(desk: ExpungementDesk, scope: Scope): Promise<void> {
  const params = { id: made.expungementIds[scope] };
  const read = () => desk.as('reviewer', readExpungement, { params });
  const done = await until('completion', read, ({ completedAt }) => completedAt !== undefined);
  const services = { 'core-records': 'done', files: 'done', 'cad-ingest': 'done' };
  expect(done.services).toEqual(services);
  await desk.settled();
}

const expectGone: Readonly<
  Record<Scope, (desk: ExpungementDesk, dataDir: string) => Promise<void>>
> = {
  async record(desk, dataDir) {
    const { incidentId, messageId, fileId, keys, expungementIds } = made;
    await expectNowhere(dataDir, orders.record.secrets, [keys.incident, keys.file]);
    using tamper = openTamper({ host: desk.host, tenant: made.tenant });
    const left = tamper.rows('record-key').map(({ id }) => id);
    expect(left).not.toContain(`incident/${incidentId}`);
    expect(left).not.toContain(`file/${fileId}`);

    const ofIncident = { params: { id: incidentId } };
    expect(await desk.as('officer', readIncident, ofIncident)).toMatchObject({
      status: 'expunged',
      expungedBy: [expungementIds.record],
    });
    const { items: versions } = await desk.as('officer', incidentHistory, ofIncident);
    expect(versions.flatMap(({ changes }) => changes)).toEqual([]);
    const file = desk.as('officer', fileUrl, { params: { id: fileId } });
    expect(await codeOf(file)).toBe('gone');
    const ofMessage = { params: { id: messageId } };
    expect(await desk.as('admin', readCadMessage, ofMessage)).toMatchObject({ status: 'expunged' });
    expect(await namesOf(desk, incidentId)).toEqual(new Set());
    expect(await namesOf(desk, fileId)).toEqual(new Set());
    await expectRest(desk);
  },

  async fields(desk, dataDir) {
    const { incidentId, fileId, keys, expungementIds } = made;
    await expectNowhere(dataDir, orders.fields.secrets, [keys.incident]);
    const ofIncident = { params: { id: incidentId } };
    const incident = await desk.as('officer', readIncident, ofIncident);
    const expungedBy = [expungementIds.fields];
    expect(incident).toMatchObject({ status: 'open', nature: 'CHIMNEY FIRE', expungedBy });
    const { items: versions } = await desk.as('officer', incidentHistory, ofIncident);
    const fields = versions.flatMap(({ changes }) => changes.map(({ field }) => field));
    for (const names of [new Set(Object.keys(incident)), new Set(fields)]) {
      expect(names).toContain('nature');
      expect([...names].filter((name) => orders.fields.fields?.includes(name))).toEqual([]);
    }
    expect(await desk.as('officer', fileUrl, { params: { id: fileId } })).toHaveProperty('url');
    const disclosed = await namesOf(desk, incidentId);
    expect(disclosed).toContain('nature');
    expect([...disclosed].filter((name) => orders.fields.fields?.includes(name))).toEqual([]);
    expect(await namesOf(desk, fileId)).toContain('name');
    await expectRest(desk);
  },
};

async function expectNowhere(
  dataDir: string,
  secrets: readonly string[],
  keys: readonly Buffer[],
): Promise<void> {
  const bytes = await bytesBelow(dataDir);
  expect(foundIn(bytes, secrets)).toEqual([]);
  expect(keys.filter((key) => bytes.includes(key)).length).toBe(0);
}

async function expectRest(desk: ExpungementDesk): Promise<void> {
  const ofMessage = { params: { id: made.messageId } };
  expect(await codeOf(desk.as('admin', readRawCadMessage, ofMessage))).toBe('gone');
  expect(await desk.as('reviewer', verifyLedger)).toMatchObject({ ok: true, breaks: [] });
}

/** Names of the values that the ledger discloses of an object, but for the facts of expungements. */
async function namesOf(desk: ExpungementDesk, objectId: string): Promise<Set<string>> {
  const { items } = await desk.as('reviewer', listEntries, { query: { objectId } });
  expect(items.length).toBeGreaterThan(1);
  const told = items.filter(({ action }) => !action.endsWith('.expunged'));
  const answers = [];
  for (const { seq } of told) {
    answers.push(await desk.as('reviewer', discloseEntry, { params: { seq } }));
  }
  return new Set(answers.flatMap(({ values }) => values.map(({ name }) => name)));
}
