/**
 * Uploads that nobody finishes. A file that is announced is noted among the platform's own rows
 * before its row is written: there is no reader across tenants, and the sweep has to find it.
 *
 * What is left when something stops in between:
 * 1. noted, not announced: the sweep finds no row and drops the note;
 * 2. announced, never finished: the sweep removes row (an event), bytes and note, in this order;
 * 3. stopped in the middle of 2: the note is still there, and the next sweep goes on.
 */
import { z } from 'zod';
import type { StoredFile } from '#contracts/files.ts';
import { LIST_ROWS_MAX, UPLOAD_LIFETIME_SECONDS } from '#contracts/limits.ts';
import { PLATFORM_TENANT, type TenantId, tenantId } from '#contracts/primitives.ts';
import { auditEventOf, changesBetween } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import type { Log } from '#shared/log.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Row, Tables } from '#shared/ports/tables.ts';
import type { Relay } from '#shared/relay.ts';
import { blobKeyOf } from './file.ts';
import { abandonedFile, contentOf, FILE, findFile } from './rows.ts';

const UPLOAD = 'upload';
/** The signed place to put bytes is long closed by then, and a person has had a day to finish. */
export const ABANDONED_MS = (24 * 60 * 60 + UPLOAD_LIFETIME_SECONDS) * 1_000;
/** Notes looked at in one sweep, oldest first; the next one begins with what is left. */
const SWEEP_ROWS_MAX = 10_000;

const note = z.strictObject({ tenant: tenantId, at: z.number() });

export interface UploadParts {
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly relay: Relay;
  readonly log: Log;
  readonly clock: () => number;
}

/** Notes an upload for the sweep. */
export async function noteUpload(
  tables: Tables,
  upload: { readonly tenant: TenantId; readonly id: string; readonly at: number },
): Promise<void> {
  const { tenant, id, at } = upload;
  const written = await tables.forTenant(PLATFORM_TENANT).write({
    changes: [{ put: { kind: UPLOAD, id, value: { tenant, at } }, expect: 0 }],
    events: [],
    unaudited: 'a note for the sweep; the announcement of the file is the event',
  });
  if (!written.ok) throw new Error('an upload was noted twice');
}

/**
 * Settles every upload that is old enough; one that cannot be settled does not keep the others.
 * Throws Problem `ledger-behind` when changes have to wait.
 */
export async function sweepUploads(parts: UploadParts, stopping: AbortSignal): Promise<void> {
  parts.relay.assertRoom();
  const oldest = parts.clock() - ABANDONED_MS;
  for await (const row of notes(parts.tables)) {
    if (stopping.aborted) return;
    try {
      const { tenant, at } = note.parse(row.value);
      if (at <= oldest) await settle(parts, tenant, row);
    } catch (error) {
      parts.log.error({ fileId: row.id, err: error }, 'an upload could not be swept');
    }
  }
}

async function settle(parts: UploadParts, tenant: TenantId, { id, version }: Row): Promise<void> {
  const { tables, blobs } = parts;
  const file = await findFile(tables.forTenant(tenant), id);
  const isSettled = file?.status === 'ready' || file?.status === 'expunged';
  const isGone = file === undefined || (!isSettled && (await forget(parts, tenant, file)));
  // Its signed place may have taken bytes after the order.
  if (file?.status === 'expunged') await blobs.erase(blobKeyOf(tenant, id));
  if (isGone) await blobs.remove(blobKeyOf(tenant, id));
  // Finished this very moment: the next sweep sees it so.
  else if (!isSettled) return;
  await tables.forTenant(PLATFORM_TENANT).write({
    changes: [{ remove: { kind: UPLOAD, id }, expect: version }],
    events: [],
    unaudited: 'a note of the sweep; what became of the file is an event',
  });
}

/** True when the row of the unfinished file is gone; false when it has changed meanwhile. */
async function forget(parts: UploadParts, tenant: TenantId, file: StoredFile): Promise<boolean> {
  const { id, version } = file;
  const event = auditEventOf({
    caller: jobCaller('files', { tenant }),
    action: 'files.file.abandoned',
    object: { type: 'file', id, version },
    reason: 'no bytes were finished in time',
    changes: changesBetween(contentOf(file), {}),
    now: new Date(parts.clock()),
  });
  const written = await parts.tables.forTenant(tenant).write({
    changes: [{ remove: { kind: FILE, id }, expect: version }, abandonedFile(file)],
    events: [event],
  });
  if (written.ok) parts.relay.kick([event]);
  return written.ok;
}

async function* notes(tables: Tables): AsyncGenerator<Row> {
  const platform = tables.forTenant(PLATFORM_TENANT);
  let after: string | undefined;
  for (let seen = 0; seen < SWEEP_ROWS_MAX; seen += LIST_ROWS_MAX) {
    const from = after === undefined ? {} : { after };
    const rows = await platform.list({ kind: UPLOAD, limit: LIST_ROWS_MAX, ...from });
    yield* rows;
    after = rows.at(-1)?.id;
    if (rows.length < LIST_ROWS_MAX) return;
  }
}
