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
const SECRETS = [...Object.values(words), LATE];

/** Every change of an expungement, in its order but for what the services do side by side. */
const steps = [
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
];
/** What the same name stands for more than once. */
const again = [
  { at: 'core-records -incident-number-claim', count: 2 },
  { at: 'ledger expungement expunging', count: 2 },
  { at: 'ledger expungement expunging', count: 3 },
];
const places = [...steps.map((at) => ({ at, count: 1 })), ...again];

interface Case extends Made {
  readonly dataDir: string;
  readonly tenant: string;
  readonly expungementId: string;
  /** As their rows hold them: sealed by the vault. */
  readonly keys: readonly Buffer[];
}

let made: Case;
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

/** An expungement that was asked for, on a folder that nobody has open. */
beforeAll(async () => {
  const { path: dataDir } = stack.use(await temporaryFolder());
  const tenant = randomUUIDv7();
  await using desk = await openExpungementDesk({ dataDir, tenant });
  const incident = await makeIncident(desk, words, tenant);
  await desk.settled();
  const scope = { objectType: 'incident', objectId: incident.incidentId };
  const body = { scope, order: '2031-CV-17', reason: 'juvenile court' };
  const { id: expungementId } = await desk.as('admin', requestExpungement, { body });
  await desk.settled();
  using tamper = openTamper({ host: desk.host, tenant });
  const of = [`incident/${incident.incidentId}`, `file/${incident.fileId}`];
  const keys = tamper.rows('record-key').filter(({ id }) => of.includes(id));
  expect(keys).toHaveLength(2);
  made = { dataDir, tenant, ...incident, expungementId, keys: keys.map(({ bytes }) => bytes) };
});

test('the changes are these', async () => {
  await using folder = await temporaryFolder();
  const { desk, ending } = await openFirst(folder.path);
  await using _ = desk;
  await approve(desk);
  await completion(desk);
  const known = new Set(steps);
  const others = [...new Set(ending.changes)].filter((each) => !known.has(each));
  // Entries of events, and the correction itself.
  expect(others.filter((each) => !/^ledger block|incident-log with an event$/.test(each))).toEqual(
    [],
  );
  expect(steps.filter((each) => !ending.changes.includes(each))).toEqual([]);
  await expectGone(desk, join(folder.path, 'first'));
});

const fates = ['unapplied', 'applied'] as const;
test.each(places.flatMap((place) => fates.map((fate) => ({ ...place, fate }))))(
  'a process that ends at "$at" ($count, $fate) leaves it to the next one',
  async (point) => {
    await using folder = await temporaryFolder();
    {
      const { desk, ending } = await openFirst(folder.path, point);
      await approve(desk).catch(() => undefined);
      await until('the end of the process', async () => ending.isOver, Boolean);
      await Promise.resolve(desk[Symbol.asyncDispose]()).catch(() => undefined);
    }
    const dataDir = join(folder.path, 'image');
    await using desk = await openExpungementDesk({ dataDir, tenant: made.tenant });
    const params = { id: made.expungementId };
    const { status } = await desk.as('reviewer', readExpungement, { params });
    const isCommitted = point.at !== steps[0] || point.fate === 'applied';
    expect(status).toBe(isCommitted ? 'done' : 'requested');
    if (!isCommitted) await approve(desk);
    await completion(desk);
    await expectGone(desk, dataDir);
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

function approve(desk: ExpungementDesk) {
  return desk.as('reviewer', approveExpungement, { params: { id: made.expungementId } });
}

async function completion(desk: ExpungementDesk): Promise<void> {
  const params = { id: made.expungementId };
  const read = () => desk.as('reviewer', readExpungement, { params });
  const done = await until('completion', read, ({ completedAt }) => completedAt !== undefined);
  const services = { 'core-records': 'done', files: 'done', 'cad-ingest': 'done' };
  expect(done.services).toEqual(services);
  await desk.settled();
}

async function expectGone(desk: ExpungementDesk, dataDir: string): Promise<void> {
  const { incidentId, messageId, fileId, keys } = made;
  const bytes = await bytesBelow(dataDir);
  expect(foundIn(bytes, SECRETS)).toEqual([]);
  expect(keys.filter((key) => bytes.includes(key)).length).toBe(0);
  using tamper = openTamper({ host: desk.host, tenant: made.tenant });
  const left = tamper.rows('record-key').map(({ id }) => id);
  expect(left).not.toContain(`incident/${incidentId}`);
  expect(left).not.toContain(`file/${fileId}`);

  const ofIncident = { params: { id: incidentId } };
  expect(await desk.as('officer', readIncident, ofIncident)).toMatchObject({
    status: 'expunged',
    expungedBy: [made.expungementId],
  });
  const { items: versions } = await desk.as('officer', incidentHistory, ofIncident);
  expect(versions.flatMap(({ changes }) => changes)).toEqual([]);
  const file = desk.as('officer', fileUrl, { params: { id: fileId } });
  expect(await codeOf(file)).toBe('gone');
  const ofMessage = { params: { id: messageId } };
  expect(await desk.as('admin', readCadMessage, ofMessage)).toMatchObject({ status: 'expunged' });
  expect(await codeOf(desk.as('admin', readRawCadMessage, ofMessage))).toBe('gone');

  for (const objectId of [incidentId, fileId]) {
    const { items } = await desk.as('reviewer', listEntries, { query: { objectId } });
    expect(items.length).toBeGreaterThan(2);
    for (const { seq, action } of items.filter((each) => !each.action.endsWith('.expunged'))) {
      const { values } = await desk.as('reviewer', discloseEntry, { params: { seq } });
      expect(values, action).toEqual([]);
    }
  }
  expect(await desk.as('reviewer', verifyLedger)).toMatchObject({ ok: true, breaks: [] });
}
