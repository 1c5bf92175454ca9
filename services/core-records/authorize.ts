import type { Operation } from '#contracts/operation.ts';
import { permits } from '#contracts/permissions.ts';
import { authorizeRecord } from '#contracts/records/incident.ts';
import { Problem } from '#shared/problem.ts';
import { type Handling, handle } from '#shared/service.ts';
import { assertNotVoided, type RecordBase } from './record.ts';
import { readRecord, type Stored } from './record-store.ts';

/** What asking about a kind needs: its rows, and the permissions that its own operations declare. */
type Asked = Stored<RecordBase> & {
  readonly operations: { readonly read: Operation; readonly update: Operation };
};

/**
 * Answers whether the person for whom another service acts may read or change a record: by the
 * permission of the record's own operations, and only for a record of their tenant.
 */
export function authorizeHandling(kinds: readonly Asked[]): Handling {
  return handle(authorizeRecord, async ({ body: { type, id, access }, caller, tables }) => {
    const kind = kinds.find((each) => each.type === type);
    // The declaration names the types; one without its kind is a fault of this service.
    if (kind === undefined) throw new Error(`no kind of record is named ${type}`);
    const { permission } = access === 'read' ? kind.operations.read : kind.operations.update;
    const asking = caller.actingFor;
    if (permission === 'anyone' || permission === 'signed-in')
      throw new Error('a record needs a permission');
    if (asking === undefined || !permits(asking, permission)) {
      throw new Problem('forbidden', { detail: `This needs the permission ${permission}.` });
    }
    const record = await readRecord(kind, tables, id);
    if (access === 'write') assertNotVoided(record);
    return { body: { version: record.version } };
  });
}
