/**
 * Expunging single fields: the record gets a new key. What is left of its values is sealed anew under
 * it, beside the log; its old key, and with it what the blocks hold, is destroyed in the same write.
 */
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Change, TenantTables } from '#shared/ports/tables.ts';
import type { Kept } from '../append/kept-values.ts';
import type { Receipt } from '../append/writer.ts';
import { readDisclosure } from '../chain/disclosure.ts';
import { recordOf, sealedUnder } from '../chain/seal.ts';
import type { Log } from '../log/log.ts';
import { search } from '../read/search.ts';

/** Entries asked for in one search. */
const FOUND_MAX = 200;

interface RecordIn {
  readonly log: Log;
  readonly tables: TenantTables;
  readonly object: { readonly type: string; readonly id: string };
}

/** Values of the record in the log, from that entry on; entries without any are left out. */
export async function valuesOf(about: RecordIn, begin = 0): Promise<Kept[]> {
  const { log, object } = about;
  const record = recordOf({ object });
  const question = { objectType: object.type, objectId: object.id };
  const values: Kept[] = [];
  for (let next: number | undefined = begin; next !== undefined; ) {
    const found = await search({ ...about, question, begin: next, limit: FOUND_MAX });
    for (const entry of found.items) {
      if (sealedUnder(entry) !== record) continue;
      const disclosures = await log.disclosures(entry.seq);
      if (disclosures !== undefined) values.push({ seq: entry.seq, disclosures });
    }
    next = found.next;
  }
  return values;
}

/** Names of the fields that have values. */
export function namesIn(values: readonly Kept[]): Set<string> {
  return new Set(
    values.flatMap(({ disclosures }) => disclosures.map((each) => readDisclosure(each).name)),
  );
}

/** Problem `conflict` when the record has no key any more. */
export async function expungeFields(
  about: RecordIn,
  order: {
    readonly event: AuditEvent;
    readonly fields: readonly string[];
    readonly beside: (seq: number) => Promise<readonly Change[]>;
  },
): Promise<Receipt> {
  const { log, object } = about;
  const { event, fields, beside } = order;
  return log.rekey({
    event,
    record: recordOf({ object }),
    kept: async () => (await valuesOf(about)).flatMap((each) => without(each, fields)),
    beside,
  });
}

function without({ seq, disclosures }: Kept, fields: readonly string[]): Kept[] {
  const left = disclosures.filter((each) => !fields.includes(readDisclosure(each).name));
  return left.length === 0 ? [] : [{ seq, disclosures: left }];
}
