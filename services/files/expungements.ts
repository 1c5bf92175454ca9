/**
 * Destroys the files of a record, when the ledger asks for it in the name of an order. A file can
 * also be named itself.
 *
 * 1. The record is noted: from here on no file is attached to it, not even one that was allowed just
 *    before.
 * 2. Each of its files: name gone and `expunged`, with its event, then its bytes. Of files that were
 *    announced and swept at most an old version is here; the ledger gets their ids, for it has their
 *    names.
 * 3. `waiting`, while events with names still wait for the ledger.
 * 4. What was replaced is erased from the files of the store. `done`.
 *
 * A crash between the row of a file and its bytes: asked again, step 2 removes the bytes.
 */
import type { StoredFile } from '#contracts/files.ts';
import { expungeFiles, reachOfFiles } from '#contracts/record-expungements.ts';
import { eraseTraces, waitsForLedger } from '#shared/expunging.ts';
import { rowsOf } from '#shared/pages.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Tables, TenantTables } from '#shared/ports/tables.ts';
import { type Call, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { blobKeyOf, expunge } from './file.ts';
import { abandonedFilesOf, expungedRecord, FILE, fileOf, findFile, putFile } from './rows.ts';

interface Parts {
  readonly tables: Tables;
  readonly blobs: Blobs;
}

type Expunge = typeof expungeFiles;

export function expungementHandling({ tables, blobs }: Parts): Handling {
  return handle(expungeFiles, async (call) => {
    const { tenant } = call.caller;
    await noteRecord(call);
    const fileIds: string[] = [];
    for await (const { id } of filesOf(call.tables, call.body.record)) {
      fileIds.push(id);
      await retryOnRace(() => takeFile(call, id));
      await blobs.erase(blobKeyOf(tenant, id));
    }
    const abandoned = abandonedFilesOf(call.tables, call.body.record);
    for await (const id of abandoned) {
      fileIds.push(id);
      await blobs.erase(blobKeyOf(tenant, id));
    }
    const waits = await waitsForLedger(
      tables,
      (event) =>
        event.tenant === tenant && event.object.type === FILE && fileIds.includes(event.object.id),
    );
    if (waits) return { body: { state: 'waiting' as const, fileIds } };
    await eraseTraces(call.tables);
    return { body: { state: 'done' as const, fileIds } };
  });
}

/** Asked before an order is approved: a hold may name a file, or the record that it belongs to. */
export function reachHandling(): Handling {
  return handle(reachOfFiles, async ({ tables, body }) => {
    const objects = [];
    for await (const { id, attachTo } of filesOf(tables, body.record)) {
      objects.push({ type: FILE, id }, attachTo);
    }
    const abandoned = abandonedFilesOf(tables, body.record);
    for await (const id of abandoned) objects.push({ type: FILE, id });
    return { body: { objects } };
  });
}

async function noteRecord({ tables, body }: Call<Expunge>): Promise<void> {
  const { record, expungement } = body;
  if (record.type === FILE) return;
  // A lost race means that the row is there.
  await tables.write({
    changes: [{ put: { ...expungedRecord(record), value: { expungement } }, expect: 0 }],
    events: [],
    unaudited: 'a note; what becomes of each file is an event',
  });
}

async function takeFile(call: Call<Expunge>, id: string) {
  const { expungement } = call.body;
  const reply = { body: { state: 'waiting' as const, fileIds: [id] } };
  const before = await findFile(call.tables, id);
  // Swept this very moment, or done before.
  if (before === undefined || before.status === 'expunged') return { ok: true as const, reply };
  const left: StoredFile = expunge(before, expungement);
  const object = { type: FILE, id, version: left.version };
  const event = call.event({ object, reason: `expungement ${expungement}` });
  return call.commit({ changes: [putFile(left)], events: [event], reply });
}

/** There is no index by record: an order is rare, and reads them all. */
async function* filesOf(
  tables: TenantTables,
  record: Call<Expunge>['body']['record'],
): AsyncGenerator<StoredFile> {
  for await (const row of rowsOf(tables, { kind: FILE })) {
    const file = fileOf(row);
    if (isOf(file, record)) yield file;
  }
}

function isOf({ id, attachTo }: StoredFile, record: Call<Expunge>['body']['record']): boolean {
  if (record.type === FILE) return id === record.id;
  return attachTo.type === record.type && attachTo.id === record.id;
}
