/**
 * Files of records. Their bytes never pass through here on their way in or out.
 *
 * 1. begin: may the caller change the record? Then the file is announced, with a signed place to put
 *    exactly these bytes.
 * 2. The client puts them there; the store compares length and SHA-256 with what was announced.
 * 3. finish: may the caller still? Length, SHA-256 and type are checked on what is really there;
 *    then the file is ready, in the same transaction as the event. Wrong bytes are removed.
 * 4. url: may the caller read the record? Then a signed URL of at most five minutes.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Readable } from 'node:stream';
import { beginFile, fileUrl, finishFile, readFile, type StoredFile } from '#contracts/files.ts';
import { SIGNED_URL_LIFETIME_SECONDS_MAX, UPLOAD_LIFETIME_SECONDS } from '#contracts/limits.ts';
import type { Operation } from '#contracts/operation.ts';
import { changesBetween } from '#shared/audit.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import type { Access } from './access.ts';
import { refusalOf } from './content.ts';
import { announce, blobKeyOf, differenceOf, finish, servedTypeOf } from './file.ts';
import { contentOf, findFile, notExpunged, putFile } from './rows.ts';
import { noteUpload } from './uploads.ts';

interface Parts {
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly access: Access;
}

export function fileHandlings(parts: Parts): readonly Handling[] {
  return [
    handle(beginFile, (call) => begin(parts, call)),
    handle(finishFile, (call) => retryOnRace(() => tryFinish(parts, call))),
    handle(readFile, async (call) => {
      const body = await fileFor(parts, call, 'read');
      return { body, version: body.version };
    }),
    handle(fileUrl, (call) => issueUrl(parts, call)),
  ];
}

async function begin(parts: Parts, call: Call<typeof beginFile>) {
  const { caller, now, body } = call;
  await parts.access.assert(call, body.attachTo, 'write');
  const file = announce(body, { id: randomUUIDv7(), at: now.toISOString() });
  const { id, contentType, sizeBytes, sha256 } = file;
  const { url, headers, expiresAt } = await parts.blobs.signPut({
    key: blobKeyOf(caller.tenant, id),
    contentType,
    sizeBytes,
    sha256,
    lifetimeSeconds: UPLOAD_LIFETIME_SECONDS,
  });
  await noteUpload(parts.tables, { tenant: caller.tenant, id, at: now.getTime() });
  const upload = { method: 'PUT' as const, url, headers: { ...headers }, expiresAt };
  const reply = { body: { ...file, upload } };
  const changes = [putFile(file), notExpunged(body.attachTo)];
  return retryOnRace(() =>
    call.commit({ changes, events: [eventOf(call, undefined, file)], reply }),
  );
}

/** Repeating it gives the file as it is: there is nothing to finish any more. */
async function tryFinish(
  parts: Parts,
  call: Call<typeof finishFile>,
): Promise<Committed<typeof finishFile>> {
  const before = await fileFor(parts, call, 'write');
  assertVersion(before, call.ifMatch);
  if (before.status === 'expunged') throw expunged();
  if (before.status === 'ready') {
    return { ok: true, reply: { body: before, version: before.version } };
  }
  await assertBytes(parts.blobs, blobKeyOf(call.caller.tenant, before.id), before);
  const ready = finish(before, call.now.toISOString());
  return call.commit({
    changes: [putFile(ready), notExpunged(ready.attachTo)],
    events: [eventOf(call, before, ready)],
    reply: { body: ready, version: ready.version },
  });
}

async function issueUrl(parts: Parts, call: Call<typeof fileUrl>) {
  const file = await fileFor(parts, call, 'read');
  if (file.status === 'expunged') throw expunged();
  if (file.status !== 'ready') {
    throw new Problem('conflict', { detail: 'The upload of this file is not finished yet.' });
  }
  const { url, expiresAt } = await parts.blobs.signGet({
    key: blobKeyOf(call.caller.tenant, file.id),
    contentType: servedTypeOf(file),
    fileName: file.name,
    lifetimeSeconds: SIGNED_URL_LIFETIME_SECONDS_MAX,
  });
  return { body: { url, expiresAt } };
}

/** The file, if there is one and the caller may do this with the record that it belongs to. */
async function fileFor(
  { access }: Parts,
  call: Call<Operation> & { readonly params: { readonly id: string } },
  mode: 'read' | 'write',
): Promise<StoredFile> {
  const file = await findFile(call.tables, call.params.id);
  if (file === undefined) {
    throw new Problem('not-found', { detail: 'There is no file with this id.' });
  }
  await access.assert(call, file.attachTo, mode);
  return file;
}

/** Throws Problem `conflict` when no bytes are there, `content-mismatch` when the wrong ones are. */
async function assertBytes(blobs: Blobs, key: string, file: StoredFile): Promise<void> {
  const head = await blobs.head(key);
  if (head === undefined) throw noBytes();
  const difference = differenceOf(file, head);
  const wrong = difference ?? (await refusalOf(file.contentType, () => bytesOf(blobs, key)));
  if (wrong === undefined) return;
  await blobs.remove(key);
  const mend =
    difference === undefined
      ? `Begin anew with another contentType than ${file.contentType}.`
      : 'Put the bytes that were announced, or begin anew.';
  throw new Problem('content-mismatch', { detail: `${wrong} ${mend}` });
}

async function bytesOf(blobs: Blobs, key: string): Promise<Readable> {
  const bytes = await blobs.get(key);
  if (bytes === undefined) throw noBytes();
  return bytes;
}

function expunged(): Problem {
  return new Problem('gone', { detail: 'The file was destroyed by order.' });
}

function noBytes(): Problem {
  return new Problem('conflict', {
    detail: 'No bytes have arrived yet. Put them to upload.url with upload.headers, then finish.',
  });
}

function assertVersion({ version }: StoredFile, ifMatch: number | undefined): void {
  if (ifMatch === undefined || ifMatch === version) return;
  throw new Problem('version-mismatch', {
    detail: `If-Match names version ${ifMatch}, the file is at ${version}.`,
  });
}

function eventOf(call: Call<Operation>, before: StoredFile | undefined, after: StoredFile) {
  const { id, version } = after;
  const changes = changesBetween(before ? contentOf(before) : {}, contentOf(after));
  return call.event({ object: { type: 'file', id, version }, changes });
}
