/** Files through the bus, with real bytes through the embedded store's door. */
import { hash, randomUUIDv7 } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { CallerClaims } from '#contracts/caller.ts';
import { beginFile, fileUrl, finishFile, readFile } from '#contracts/files.ts';
import { PLATFORM_TENANT } from '#contracts/primitives.ts';
import { createIncident, voidIncident } from '#contracts/records/incident.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { openFiles } from '#services/files/service.ts';
import { openTestHost, person } from '#test/support/host.ts';
import { serveLedger } from '#test/support/ledger.ts';
import { html, samples } from '#test/support/samples.ts';

const tenant = randomUUIDv7();
const admin = person({ tenant, roles: ['admin'] });
const reviewer = person({ tenant, roles: ['reviewer'] });
const stranger = person({ tenant: randomUUIDv7(), roles: ['admin'] });
const notes = samples['text/plain'];
const HOUR = 60 * 60 * 1_000;

interface Upload {
  readonly url: string;
  readonly headers: Record<string, string>;
}

/** Files and core-records on one host, and an incident to attach to. */
async function openStage() {
  const stack = new AsyncDisposableStack();
  const host = stack.use(await openTestHost());
  stack.use(await openCoreRecords(await host.parts('core-records')));
  const store = await host.host.blobs('files');
  const parts = { ...(await host.parts('files')), blobs: store.blobs };
  let service = await openFiles(parts);
  stack.defer(() => service[Symbol.asyncDispose]());
  const { client } = host;
  const made = await client.call(createIncident, { body: { nature: 'FIRE' } }, admin);
  const incident = made.body.id;
  return {
    ...host,
    parts,
    incident,
    async restart() {
      await service[Symbol.asyncDispose]();
      service = await openFiles(parts);
    },
    begin: async (about: Partial<Announced> = {}, who: CallerClaims = admin) => {
      const { bytes = notes, ...body } = { ...announced(incident), ...about };
      const sizes = { sizeBytes: bytes.length, sha256: hash('sha256', bytes) };
      return (await client.call(beginFile, { body: { ...sizes, ...body } }, who)).body;
    },
    put: (upload: Upload, bytes: Uint8Array, headers: Record<string, string> = {}) =>
      store.door.accept({
        ticket: upload.url.slice(upload.url.lastIndexOf('/') + 1),
        headers: { ...upload.headers, 'content-length': String(bytes.length), ...headers },
        body: Readable.from([bytes]),
      }),
    finish: (id: string, who: CallerClaims = admin, options: { ifMatch?: number } = {}) =>
      client.call(finishFile, { params: { id } }, who, options),
    read: (id: string, who: CallerClaims = admin) => client.call(readFile, { params: { id } }, who),
    url: async (id: string, who: CallerClaims = admin) =>
      (await client.call(fileUrl, { params: { id } }, who)).body,
    serve: (url: string) => store.door.serve(url.slice(url.lastIndexOf('/') + 1)),
    isStored: async (id: string) => (await store.blobs.head(`${tenant}/${id}`)) !== undefined,
    events: async () =>
      (await parts.tables.outbox({ after: 0, limit: 1_000 })).map(({ event }) => event),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface Announced {
  readonly name: string;
  readonly contentType: keyof typeof samples;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly attachTo: { readonly type: 'incident'; readonly id: string };
  readonly bytes: Uint8Array;
}

function announced(incident: string) {
  return {
    name: 'Skizze (2).txt',
    contentType: 'text/plain' as keyof typeof samples,
    attachTo: { type: 'incident' as const, id: incident },
  };
}

describe('the way of a file', () => {
  test.each(Object.entries(samples))(
    'ok: %s from announcement to download',
    async (type, bytes) => {
      await using stage = await openStage();
      const contentType = type as keyof typeof samples;
      const { upload, ...begun } = await stage.begin({ contentType, bytes });
      expect(begun).toMatchObject({ version: 1, status: 'awaiting-bytes', contentType });
      expect(await stage.put(upload, bytes)).toMatchObject({ status: 201 });
      const { body: ready, version } = await stage.finish(begun.id);
      expect(ready).toEqual({
        ...begun,
        version: 2,
        status: 'ready',
        finishedAt: expect.any(String),
      });
      expect(version).toBe(2);
      expect((await stage.read(begun.id, reviewer)).body).toEqual(ready);
      const { url, expiresAt } = await stage.url(begun.id, reviewer);
      expect(Date.parse(expiresAt) - stage.clock()).toBeLessThanOrEqual(300_000);
      const { status, headers, body } = await stage.serve(url);
      expect({ status, headers }).toMatchObject({
        status: 200,
        headers: {
          'content-type': type.startsWith('text/') ? `${type}; charset=utf-8` : type,
          'content-disposition': expect.stringMatching(/^attachment; filename="Skizze _2_.txt"/),
        },
      });
      const chunks = await body?.toArray();
      expect(Buffer.concat(chunks ?? []).equals(bytes)).toBe(true);
    },
  );

  test('each step is an event: announced, finished, and every URL that was issued', async () => {
    await using stage = await openStage();
    const { id, upload } = await stage.begin();
    await stage.put(upload, notes);
    await stage.finish(id);
    await stage.url(id, reviewer);
    await stage.url(id, reviewer);
    const object = { type: 'file', id };
    expect(await stage.events()).toMatchObject([
      { action: 'files.file.begun', object: { ...object, version: 1 }, actor: admin.subject },
      { action: 'files.file.finished', object: { ...object, version: 2 } },
      { action: 'files.file.url-issued', object, actor: reviewer.subject },
      { action: 'files.file.url-issued', object, actor: reviewer.subject },
    ]);
  });

  test('finishing again, also side by side, gives the same file and one event', async () => {
    await using stage = await openStage();
    const { id, upload } = await stage.begin();
    await stage.put(upload, notes);
    const answers = await Promise.all(Array.from({ length: 6 }, () => stage.finish(id)));
    answers.push(await stage.finish(id));
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
    expect(await stage.events()).toHaveLength(2);
  });

  test('a restart in the middle loses nothing', async () => {
    await using stage = await openStage();
    const { id, upload } = await stage.begin();
    await stage.restart();
    await stage.put(upload, notes);
    await stage.restart();
    expect((await stage.finish(id)).body.status).toBe('ready');
    await stage.restart();
    expect((await stage.read(id)).body.status).toBe('ready');
  });
});

describe('what is refused', () => {
  test.each<[string, Partial<Announced>, string]>([
    ['a path as a name', { name: '../../etc/passwd' }, '#/body/name'],
    ['a path of another system', { name: '..\\boot.ini' }, '#/body/name'],
    ['dots as a name', { name: '..' }, '#/body/name'],
    ['a line break in a name', { name: 'a.txt\r\nX' }, '#/body/name'],
    ['a type that is not taken', { contentType: 'text/html' as never }, '#/body/contentType'],
    ['an empty file', { sizeBytes: 0 }, '#/body/sizeBytes'],
    ['a file over the limit', { sizeBytes: 100 * 1024 * 1024 + 1 }, '#/body/sizeBytes'],
    ['a digest that is none', { sha256: 'abc' }, '#/body/sha256'],
    [
      'an owner of no kind',
      { attachTo: { type: 'user' as never, id: tenant } },
      '#/body/attachTo/type',
    ],
  ])('validation: %s', async (_, about, pointer) => {
    await using stage = await openStage();
    await expect(stage.begin(about)).rejects.toMatchObject({
      code: 'validation',
      particulars: { errors: [expect.objectContaining({ pointer })] },
    });
    expect(await stage.events()).toEqual([]);
  });

  test('forbidden: a reviewer does not attach; a key without the record’s permission neither', async () => {
    await using stage = await openStage();
    await expect(stage.begin({}, reviewer)).rejects.toMatchObject({ code: 'forbidden' });
    const subject = { type: 'key' as const, id: randomUUIDv7() };
    const key = { ...admin, subject, scopes: ['files:read' as const, 'files:write' as const] };
    await expect(stage.begin({}, key)).rejects.toMatchObject({ code: 'forbidden' });
    const { id } = await stage.begin();
    await expect(stage.read(id, key)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(stage.finish(id, key)).rejects.toMatchObject({ code: 'forbidden' });
    const refused = (await stage.events()).filter(({ outcome }) => outcome === 'refused');
    expect(refused.map(({ object, actor }) => [object.id, actor.id])).toEqual([
      ['files.file.begin', reviewer.subject.id],
      ['files.file.begin', subject.id],
      ['files.file.read', subject.id],
      ['files.file.finish', subject.id],
    ]);
  });

  test('not found: an incident or a file that nobody has', async () => {
    await using stage = await openStage();
    const nowhere = stage.begin({ attachTo: { type: 'incident', id: randomUUIDv7() } });
    await expect(nowhere).rejects.toMatchObject({ code: 'not-found' });
    for (const ask of [stage.read, stage.finish, stage.url]) {
      await expect(ask(randomUUIDv7())).rejects.toMatchObject({ code: 'not-found' });
    }
    expect(await stage.events()).toEqual([]);
  });

  test('conflict: nothing to finish or to fetch before the bytes are there', async () => {
    await using stage = await openStage();
    const { id } = await stage.begin();
    await expect(stage.finish(id)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('No bytes have arrived yet'),
    });
    await expect(stage.url(id)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('conflict: a voided incident takes no files, and what it has can still be read', async () => {
    await using stage = await openStage();
    const [kept, open] = [await stage.begin(), await stage.begin()];
    for (const { upload } of [kept, open]) await stage.put(upload, notes);
    await stage.finish(kept.id);
    const body = { reason: 'a test' };
    await stage.client.call(voidIncident, { params: { id: stage.incident }, body }, admin);
    await expect(stage.begin()).rejects.toMatchObject({ code: 'conflict' });
    await expect(stage.finish(open.id)).rejects.toMatchObject({ code: 'conflict' });
    expect(await stage.url(kept.id)).toHaveProperty('url');
  });

  test('version mismatch: a stale If-Match', async () => {
    await using stage = await openStage();
    const { id, upload } = await stage.begin();
    await stage.put(upload, notes);
    const stale = stage.finish(id, admin, { ifMatch: 7 });
    await expect(stale).rejects.toMatchObject({ code: 'version-mismatch' });
    expect((await stage.finish(id, admin, { ifMatch: 1 })).version).toBe(2);
  });

  test('other bytes than announced are not taken at the door', async () => {
    await using stage = await openStage();
    const { id, upload } = await stage.begin();
    const other = Buffer.from(notes);
    other.writeUInt8(other.readUInt8(3) ^ 1, 3);
    expect(await stage.put(upload, other)).toMatchObject({ status: 422 });
    expect(await stage.put(upload, notes.subarray(1))).toMatchObject({ status: 422 });
    const type = { 'content-type': 'text/html' };
    expect(await stage.put(upload, notes, type)).toMatchObject({ status: 415 });
    await expect(stage.finish(id)).rejects.toMatchObject({ code: 'conflict' });
    expect(await stage.put(upload, notes)).toMatchObject({ status: 201 });
    expect((await stage.finish(id)).body.status).toBe('ready');
  });

  test.each<[string, Buffer]>([
    ['of another length', notes.subarray(1)],
    ['of another digest', Buffer.from(notes).reverse()],
  ])(
    'bytes %s that got into the store are found at finish, removed, and can be put anew',
    async (_, bytes) => {
      await using stage = await openStage();
      const { id, upload } = await stage.begin();
      await stage.parts.blobs.put(`${tenant}/${id}`, bytes);
      await expect(stage.finish(id)).rejects.toMatchObject({ code: 'content-mismatch' });
      expect(await stage.isStored(id)).toBe(false);
      expect((await stage.read(id)).body.status).toBe('awaiting-bytes');
      await stage.put(upload, notes);
      expect((await stage.finish(id)).body.status).toBe('ready');
    },
  );

  test.each<[string, keyof typeof samples, Buffer]>([
    ['HTML named as PNG', 'image/png', html],
    ['HTML named as text', 'text/plain', html],
    ['PNG named as JPEG', 'image/jpeg', samples['image/png']],
    ['PDF named as CSV', 'text/csv', samples['application/pdf']],
    ['Latin-1 named as text', 'text/plain', Buffer.from('Mühlgasse', 'latin1')],
  ])('%s is content that does not match; the bytes go', async (_, contentType, bytes) => {
    await using stage = await openStage();
    const { id, upload } = await stage.begin({ contentType, bytes });
    expect(await stage.put(upload, bytes)).toMatchObject({ status: 201 });
    await expect(stage.finish(id)).rejects.toMatchObject({ code: 'content-mismatch' });
    expect(await stage.isStored(id)).toBe(false);
    await expect(stage.url(id)).rejects.toMatchObject({ code: 'conflict' });
    expect((await stage.read(id)).body.status).toBe('awaiting-bytes');
  });

  test('another department gets 404 for everything', async () => {
    await using stage = await openStage();
    const { id, upload } = await stage.begin();
    await stage.put(upload, notes);
    const missing = { code: 'not-found' };
    await expect(stage.begin({}, stranger)).rejects.toMatchObject(missing);
    for (const ask of [stage.read, stage.finish, stage.url]) {
      await expect(ask(id, stranger)).rejects.toMatchObject(missing);
    }
    await stage.finish(id);
    await expect(stage.url(id, stranger)).rejects.toMatchObject(missing);
  });

  test('nothing is announced or given while the keeper of the record cannot be asked', async () => {
    await using host = await openTestHost();
    const { blobs } = await host.host.blobs('files');
    const parts = { ...(await host.parts('files')), blobs };
    await using _files = await openFiles(parts);
    const sizes = { sizeBytes: notes.length, sha256: hash('sha256', notes) };
    const body = { ...announced(randomUUIDv7()), ...sizes };
    const refused = host.client.call(beginFile, { body }, admin);
    await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
    expect(await parts.tables.outbox({ after: 0, limit: 10 })).toEqual([]);
  });
});

describe('uploads that nobody finishes', () => {
  const uploads = async (stage: Awaited<ReturnType<typeof openStage>>) =>
    stage.parts.tables.forTenant(PLATFORM_TENANT).list({ kind: 'upload', limit: 10 });

  test('are swept after a day, with an event; finished and young ones stay', async () => {
    await using stage = await openStage();
    await using ledger = await serveLedger(stage.host.bus);
    const [never, unfinished, done] = [
      await stage.begin(),
      await stage.begin(),
      await stage.begin(),
    ];
    for (const { upload } of [unfinished, done]) await stage.put(upload, notes);
    await stage.finish(done.id);
    await hoursPass(stage, 23);
    const young = await stage.begin();
    await hoursPass(stage, 2);
    await until(async () => (await uploads(stage)).length === 1);
    for (const { id } of [never, unfinished]) {
      await expect(stage.read(id)).rejects.toMatchObject({ code: 'not-found' });
      expect(await stage.isStored(id)).toBe(false);
    }
    expect((await stage.read(young.id)).body.status).toBe('awaiting-bytes');
    expect((await stage.read(done.id)).body.status).toBe('ready');
    expect(await stage.isStored(done.id)).toBe(true);
    const abandoned = () => ledger.events.filter(({ action }) => action === 'files.file.abandoned');
    await until(async () => abandoned().length === 2);
    for (const event of abandoned()) {
      expect(event).toMatchObject({ tenant, actor: { type: 'service', id: 'files' } });
    }
    expect(new Set(abandoned().map(({ object }) => object.id))).toEqual(
      new Set([never.id, unfinished.id]),
    );
  });

  test('what a stop in the middle of a sweep left is swept by the next', async () => {
    await using stage = await openStage();
    await using _ledger = await serveLedger(stage.host.bus);
    const { id, upload } = await stage.begin();
    await stage.put(upload, notes);
    // The row went, then the power: bytes and note are still there.
    const rows = stage.parts.tables.forTenant(tenant);
    const changes = [{ remove: { kind: 'file', id }, expect: 1 }];
    await rows.write({ changes, events: [], unaudited: 'a crash, made by hand' });
    await hoursPass(stage, 25);
    await until(async () => (await uploads(stage)).length === 0);
    expect(await stage.isStored(id)).toBe(false);
  });

  test('wait while changes have to wait for the ledger', async () => {
    await using stage = await openStage();
    const { id } = await stage.begin();
    stage.advance(25 * HOUR);
    await stage.restart();
    await sleep(50);
    expect((await stage.parts.tables.forTenant(tenant).get({ kind: 'file', id }))?.version).toBe(1);
    expect(await uploads(stage)).toHaveLength(1);
  });
});

/** The ledger hears what it has not heard yet; then the hours pass, and the service is started anew. */
async function hoursPass(stage: Awaited<ReturnType<typeof openStage>>, hours: number) {
  await until(async () => (await stage.parts.tables.outboxDepth()).events === 0);
  stage.advance(hours * HOUR);
  await stage.restart();
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}
