/** A legal hold on anything that an expungement would destroy stops it, and names itself. */
import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCadMessage, submitCadMessage } from '#contracts/cad-messages.ts';
import { readFile } from '#contracts/files.ts';
import {
  approveExpungement,
  readExpungement,
  requestExpungement,
} from '#contracts/ledger-expungements.ts';
import { type LegalHold, placeLegalHold, releaseLegalHold } from '#contracts/legal-holds.ts';
import { until } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import {
  type ExpungementDesk,
  type Made,
  makeIncident,
  makeSource,
  openExpungementDesk,
} from './expungement-desk.ts';

const words = { mailed: 'MILL ROAD', said: 'NUTHATCH', filed: 'GUILLEMOT' };
type Held = NonNullable<LegalHold['scope']['record']>;
interface Asked {
  readonly objectType: string;
  readonly objectId: string;
  readonly fields?: string[];
}

let desk: ExpungementDesk;
let made: Made;
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
beforeAll(async () => {
  const { path: dataDir } = stack.use(await temporaryFolder());
  const tenant = randomUUIDv7();
  desk = stack.use(await openExpungementDesk({ dataDir, tenant }));
  made = await makeIncident(desk, words, tenant);
  await desk.settled();
});

async function request(scope: Asked): Promise<string> {
  const body = { scope, order: '2031-CV-17', reason: 'juvenile court' };
  return (await desk.as('admin', requestExpungement, { body })).id;
}

const approve = (id: string) => desk.as('reviewer', approveExpungement, { params: { id } });

async function place(record: Held): Promise<string> {
  const scope = { classes: ['files' as const], record };
  const body = { reference: '2031-CV-18', reason: 'litigation', scope };
  return (await desk.as('admin', placeLegalHold, { body })).id;
}

const release = (id: string) =>
  desk.as('second admin', releaseLegalHold, { params: { id }, body: { reason: 'settled' } });

/** Asks for it, with the hold on and after its release; nothing is carried out. */
async function stops(record: Held, scope: Asked): Promise<boolean> {
  const id = await request(scope);
  const hold = await place(record);
  const told = await approve(id).then(
    () => undefined,
    (error: Error) => error.message,
  );
  await release(hold);
  if (told !== undefined) expect(told).toContain(hold);
  return told !== undefined;
}

const incident = () => ({ objectType: 'incident', objectId: made.incidentId });
const file = () => ({ objectType: 'file', objectId: made.fileId });
const mail = () => ({ objectType: 'cad-message', objectId: made.messageId });

describe('an expungement of an incident', () => {
  test.each([
    ['the incident', () => ({ type: 'incident', id: made.incidentId })],
    ['its file', () => ({ type: 'file', id: made.fileId })],
    ['its mail', () => ({ type: 'cad-message', id: made.messageId })],
    ['the source of its mail', () => ({ type: 'cad-source', id: made.sourceId })],
    ['another incident of its mail', () => ({ type: 'incident', id: made.otherIncidentId })],
  ] as const)('is stopped by a hold on %s', async (_, held) => {
    expect(await stops(held(), incident())).toBe(true);
  });

  test('about single fields is stopped by its mail, which would go, and not by its file', async () => {
    const fields = { ...incident(), fields: ['address'] };
    expect(await stops({ type: 'cad-message', id: made.messageId }, fields)).toBe(true);
    expect(await stops({ type: 'file', id: made.fileId }, fields)).toBe(false);
  });
});

describe('an expungement of a part of an incident is stopped by a hold on the incident', () => {
  test.each([
    ['its file', file],
    ['its mail', mail],
  ] as const)('%s', async (_, scope) => {
    expect(await stops({ type: 'incident', id: made.incidentId }, scope())).toBe(true);
  });
});

test('an incident is kept by a hold on one of another source whose mail has the same bytes', async () => {
  const raw = Buffer.from(
    'From: desk@county.example\r\nMessage-ID: <1@county.example>\r\nSubject: Page\r\n\r\n' +
      'CALL: CHIMNEY FIRE\r\nADDR: 9 ELM ST\r\nID: 43-1\r\n',
  ).toString('base64');
  const incidents: string[] = [];
  for (let source = 0; source < 2; source += 1) {
    const { id: sourceId } = await makeSource(desk);
    const message = await desk.as('admin', submitCadMessage, { body: { sourceId, raw } });
    const read = () => desk.as('admin', readCadMessage, { params: { id: message.id } });
    const { incidentId = '' } = await until('the incident', read, (each) => !!each.incidentId);
    incidents.push(incidentId);
  }
  await desk.settled();
  const [objectId = '', id = ''] = incidents;
  expect(objectId).not.toBe(id);
  expect(await stops({ type: 'incident', id }, { objectType: 'incident', objectId })).toBe(true);
});

test('a hold on something else stops nothing', async () => {
  const holds = [
    await place({ type: 'file', id: randomUUIDv7() }),
    await place({ type: 'cad-message', id: randomUUIDv7() }),
    await place({ type: 'incident', id: randomUUIDv7() }),
  ];
  const id = await request(incident());
  expect(await approve(id)).toMatchObject({ status: 'done' });
  const read = () => desk.as('reviewer', readExpungement, { params: { id } });
  await until('completion', read, ({ completedAt }) => completedAt !== undefined);
  const ofMail = { params: { id: made.messageId } };
  expect(await desk.as('admin', readCadMessage, ofMail)).toMatchObject({ status: 'expunged' });
  const ofFile = { params: { id: made.fileId } };
  expect(await desk.as('officer', readFile, ofFile)).toMatchObject({ status: 'expunged' });
  for (const hold of holds) await release(hold);
});
