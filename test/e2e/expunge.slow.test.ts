/**
 * A court orders a record to be forgotten. It came by mail and by people, has a file, was repeated
 * and corrected; afterwards no file of the data folder has a word of it, whatever process was killed
 * meanwhile, and every proof that was handed out before still verifies.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verifyInclusion } from '#services/ledger/portable/verify.ts';
import { verifyBundle } from '#services/ledger/portable/verify-bundle.ts';
import { type Department, makeDepartment, makeSource, sendMail } from '#test/demo/scenario.ts';
import { type Api, signIn, until } from '#test/support/api.ts';
import { foundIn } from '#test/support/encodings.ts';
import { bytesBelow, temporaryFolder } from '#test/support/folder.ts';
import { freePort, type Running, startProcess } from '#test/support/processes.ts';

/** Words of the incident that the mail made, of what people said of it, and of its file. */
const MAILED = ['QUILLFEATHER LANE', 'ZEBEDEE TRENCHARD', 'WYVERN-STRANGLED'];
const SAID = ['NUTHATCH CORRECTED', 'PIPISTRELLE CHANNEL'];
const FILED = ['GUILLEMOT-AUTOPSY', 'BITTERN SKETCH OF THE SCENE'];
/** Of an incident made by hand. */
const BY_HAND = ['ORTOLAN COURT', 'CAPERCAILLIE'];
const OTHER = 'GOLDCREST AVE';
/** What is taken of a record that otherwise stays, and what stays. */
const TAKEN = 'FIELDFARE CALLER';
const LEFT = 'WHEATEAR ROAD';

const dispatch = (about: { address: string; caller: string; number: string; info: string }) =>
  `CALL: STRUCTURE FIRE\nADDR: 12 ${about.address}\nCITY: FAIRVALE\nID: ${about.number}\n` +
  `NAME: ${about.caller}\nINFO: ${about.info}`;

const mail = {
  subject: `Dispatch 12 ${MAILED[0]}`,
  text: dispatch({
    address: MAILED[0] ?? '',
    caller: MAILED[1] ?? '',
    number: '31-000777',
    info: MAILED[2] ?? '',
  }),
  messageId: '<777@cad.fairvale.example>',
};

interface Desk {
  readonly origin: string;
  readonly smtpPort: number;
  readonly dataDir: string;
  /** Starts the product on the folder; what it writes is kept. */
  start(): Promise<Running>;
  output(): Buffer;
}

async function openDesk(dataDir: string): Promise<Desk> {
  const ports = { http: await freePort(), smtp: await freePort() };
  const environment = {
    DATA_DIR: dataDir,
    HTTP_PORT: String(ports.http),
    SMTP_PORT: String(ports.smtp),
    LOG_LEVEL: 'debug',
  };
  const runs: Running[] = [];
  return {
    origin: `http://127.0.0.1:${ports.http}`,
    smtpPort: ports.smtp,
    dataDir,
    async start() {
      const run = await startProcess('services/all.ts', environment);
      runs.push(run);
      return run;
    },
    output: () => Buffer.from(runs.flatMap(({ lines }) => lines).join('\n')),
  };
}

async function makeCase(desk: Desk) {
  const firstRun = JSON.parse(await readFile(join(desk.dataDir, 'first-run.json'), 'utf8'));
  const platform = await signIn(desk.origin, firstRun.email, firstRun.password);
  const stage = { ...desk, firstRun, tell: () => undefined };
  const department = await makeDepartment(stage, platform, 'fairvale');
  const { admin, officer } = department;
  const { address } = await makeSource(admin);
  await sendMail(desk.smtpPort, address, mail);
  const other = dispatch({ address: OTHER, caller: 'A CALLER', number: '31-000888', info: 'X' });
  await sendMail(desk.smtpPort, address, {
    subject: 'Dispatch',
    text: other,
    messageId: '<888@cad.fairvale.example>',
  });
  const partly = dispatch({ address: LEFT, caller: TAKEN, number: '31-000999', info: 'Y' });
  await sendMail(desk.smtpPort, address, {
    subject: `Dispatch for ${TAKEN}`,
    text: partly,
    messageId: '<999@cad.fairvale.example>',
  });
  const mailed = await incidentWith(officer, '31-000777');
  const kept = await incidentWith(officer, '31-000888');
  const trimmed = await incidentWith(officer, '31-000999');
  await correct(officer, mailed.id);
  const byHand = await officer.post(
    '/v1/incidents',
    { nature: 'MEDICAL', address: `7 ${BY_HAND[0]}`, callerName: BY_HAND[1] },
    { 'idempotency-key': 'made-once' },
  );
  expect(byHand.status, JSON.stringify(byHand.body)).toBe(201);
  const fileId = await attach(officer, mailed.id);
  return { department, address, mailed, kept, trimmed, byHand: byHand.body, fileId };
}

async function incidentWith(officer: Api, number: string) {
  const { body } = await until(
    `incident ${number}`,
    () => officer.get(`/v1/incidents?number=${number}`),
    (answer) => answer.body.items?.length === 1,
  );
  return body.items[0];
}

async function correct(officer: Api, id: string): Promise<void> {
  for (const patch of [{ placeName: SAID[0] }, { channel: SAID[1] }]) {
    const { status, body } = await officer.patch(`/v1/incidents/${id}`, patch);
    expect(status, JSON.stringify(body)).toBe(200);
  }
}

async function attach(officer: Api, id: string): Promise<string> {
  const bytes = Buffer.from(`${FILED[1]}\n`);
  const begun = await officer.post('/v1/files', {
    name: `${FILED[0]}.txt`,
    contentType: 'text/plain',
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    attachTo: { type: 'incident', id },
  });
  const { url, method, headers } = begun.body.upload;
  assert.ok((await fetch(url, { method, headers, body: bytes })).ok);
  const finished = await officer.post(`/v1/files/${begun.body.id}/finish`);
  expect(finished.status, JSON.stringify(finished.body)).toBe(200);
  return begun.body.id;
}

/** A bundle and a proof of every entry, as somebody took them along. */
async function takeEvidence(reviewer: Api, ids: readonly string[]) {
  const seqs: number[] = [];
  for (const id of ids) {
    const { body } = await until(
      `entries of ${id}`,
      () => reviewer.get(`/v1/ledger/entries?objectId=${id}`),
      (answer) => answer.body.items?.length > 0,
    );
    seqs.push(...body.items.map(({ seq }: { seq: number }) => seq));
  }
  const bundle = await reviewer.post('/v1/ledger/bundles', { entries: seqs, disclose: 'all' });
  expect(bundle.status, JSON.stringify(bundle.body)).toBe(200);
  const proofs = [];
  for (const seq of seqs) {
    const read = await reviewer.get(`/v1/ledger/entries/${seq}`);
    const { body } = await reviewer.get(`/v1/ledger/entries/${seq}/proof`);
    proofs.push({ ...body, entry: Buffer.from(read.body.bytes, 'base64') });
  }
  const { body: checkpoint } = await reviewer.get('/v1/ledger/checkpoint');
  return { bundle: bundle.body, proofs, verifierKey: checkpoint.verifierKey, seqs };
}

async function expectEvidence(evidence: Awaited<ReturnType<typeof takeEvidence>>): Promise<void> {
  const { bundle, proofs, verifierKey } = evidence;
  const report = await verifyBundle({ text: JSON.stringify(bundle), verifierKey });
  expect(report).toMatchObject({ ok: true, failures: [] });
  for (const proof of proofs) expect(await verifyInclusion(proof)).toMatchObject({ ok: true });
}

/** Asked for and approved; the other services may still be at it. */
async function approve({ admin, reviewer }: Department, objectId: string, fields?: string[]) {
  const scope = { objectType: 'incident', objectId, ...(fields === undefined ? {} : { fields }) };
  const made = await until(
    'a request',
    () =>
      admin.post('/v1/ledger/expungements', {
        scope,
        order: '2031-CV-17',
        reason: 'juvenile court',
      }),
    ({ status }) => status === 201,
  );
  const path = `/v1/ledger/expungements/${made.body.id}`;
  const approved = await reviewer.post(`${path}/approve`);
  expect(approved.status, JSON.stringify(approved.body)).toBe(200);
  return path;
}

async function complete({ reviewer }: Department, path: string) {
  const { body } = await until(
    'completion',
    () => reviewer.get(path),
    (answer) => answer.body.completedAt !== undefined,
  );
  expect(body.services).toEqual({ 'core-records': 'done', files: 'done', 'cad-ingest': 'done' });
  return body;
}

/** Nothing but the one field is gone, and with it the raw mail, which has it too. */
// biome-ignore lint/suspicious/noExplicitAny: an incident as the API shows it
async function expectTrimmed({ admin, reviewer }: Department, before: any): Promise<void> {
  const { body } = await admin.get(`/v1/incidents/${before.id}`);
  const { callerName: _, ...rest } = before;
  const { updatedAt, version, expungedBy } = body;
  expect(body).toEqual({ ...rest, updatedAt, version, expungedBy });
  const { body: entries } = await reviewer.get(`/v1/ledger/entries?objectId=${before.id}`);
  const values = await reviewer.get(`/v1/ledger/entries/${entries.items[0].seq}/disclosures`);
  expect(values.body).toMatchObject({ state: 'disclosed', expunged: 1 });
  const names = values.body.values.map(({ name }: { name: string }) => name);
  expect(names).toContain('address');
  expect(names).not.toContain('callerName');
  const [messageId] = before.messageIds;
  const message = await admin.get(`/v1/cad/messages/${messageId}`);
  expect(message.body).toMatchObject({ status: 'processed', incidentId: before.id });
  expect(message.body.draft.fields).not.toHaveProperty('callerName');
  expect((await admin.get(`/v1/cad/messages/${messageId}/raw`)).status).toBe(410);
  expect((await admin.post(`/v1/cad/messages/${messageId}/replay`)).status).toBe(409);
}

async function everything({ dataDir, output }: Desk): Promise<Buffer> {
  return Buffer.concat([await bytesBelow(dataDir), output()]);
}

test('an expunged record is in no file of the data folder and in no line of the log', async () => {
  await using folder = await temporaryFolder();
  const desk = await openDesk(folder.path);
  await using first = await desk.start();
  const made = await makeCase(desk);
  const { department, mailed, kept, trimmed, byHand, fileId } = made;
  const { officer, admin, reviewer } = department;
  const older = await takeEvidence(reviewer, [mailed.id, byHand.id, kept.id, trimmed.id, fileId]);
  const secrets = [...MAILED, ...SAID, ...FILED, ...BY_HAND, TAKEN];
  const others = [OTHER, LEFT];
  // The search does find what is there, in all the places where it has to go.
  expect(foundIn(await everything(desk), [...secrets, ...others])).toEqual([...secrets, ...others]);

  const paths = [
    await approve(department, mailed.id),
    await approve(department, byHand.id),
    await approve(department, trimmed.id, ['callerName']),
  ];
  // In the middle of it, or before anything was asked of anybody.
  await first.stop('SIGKILL');
  await using _ = await desk.start();
  const done = await Promise.all(paths.map((path) => complete(department, path)));
  const found = await until(
    'words left in files',
    async () => foundIn(await everything(desk), secrets),
    (words) => words.length === 0,
  );
  expect(found).toEqual([]);
  expect(foundIn(await everything(desk), others)).toEqual(others);
  await expectTrimmed(department, trimmed);

  for (const { id, path } of [
    { ...mailed, path: paths[0] },
    { ...byHand, path: paths[1] },
  ]) {
    const { body } = await officer.get(`/v1/incidents/${id}`);
    expect(body).toMatchObject({ id, status: 'expunged', expungedBy: [path?.split('/').at(-1)] });
    const history = await reviewer.get(`/v1/incidents/${id}/history`);
    expect(history.body.items.length).toBe(body.version);
    expect((await officer.patch(`/v1/incidents/${id}`, { nature: 'X' })).status).toBe(409);
    const { body: entries } = await reviewer.get(`/v1/ledger/entries?objectId=${id}&limit=200`);
    for (const { seq, action } of entries.items) {
      if (action.endsWith('.expunged')) continue;
      const { body: values } = await reviewer.get(`/v1/ledger/entries/${seq}/disclosures`);
      expect(values, action).toMatchObject({ state: 'expunged', values: [] });
    }
  }
  expect((await officer.get(`/v1/files/${fileId}/url`)).status).toBe(410);
  const [messageId] = mailed.messageIds;
  expect((await admin.get(`/v1/cad/messages/${messageId}/raw`)).status).toBe(410);
  const message = await admin.get(`/v1/cad/messages/${messageId}`);
  expect(message.body).toMatchObject({ status: 'expunged', trust: { verdict: 'trusted' } });
  // The request that made it, and the mail that made it, come again: nothing is made anew.
  const again = await officer.post(
    '/v1/incidents',
    { nature: 'MEDICAL', address: `7 ${BY_HAND[0]}`, callerName: BY_HAND[1] },
    { 'idempotency-key': 'made-once' },
  );
  expect(again).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  await sendMail(desk.smtpPort, made.address, mail);
  expect((await officer.get('/v1/incidents')).body.items).toHaveLength(4);
  expect(foundIn(await everything(desk), secrets)).toEqual([]);

  // Another record is as it was, and so is every proof.
  const { body: other } = await officer.get(`/v1/incidents/${kept.id}`);
  expect(other).toEqual(kept);
  await expectEvidence(older);
  await expectEvidence(await takeEvidence(reviewer, [mailed.id, kept.id, trimmed.id, fileId]));
  const verified = await reviewer.get('/v1/ledger/verify');
  expect(verified.body).toMatchObject({ ok: true, breaks: [] });
  // A second approval changes nothing.
  for (const [index, path] of paths.entries()) {
    expect((await reviewer.post(`${path}/approve`)).body).toEqual(done[index]);
  }
}, 90_000);
