/**
 * Legal holds stop an expungement. A hold can name the record, or only a part of what would go with
 * it: a file, a mail, the source of a mail, another incident that the same mail tells of; and where a
 * file or a mail itself is to be expunged, the record that it belongs to.
 */
import { holdClasses } from '#contracts/legal-holds.ts';
import type { OutputOf } from '#contracts/operation.ts';
import {
  EXPUNGED_MESSAGES_MAX,
  reachOfFiles,
  reachOfMessages,
  reachOfRecord,
} from '#contracts/record-expungements.ts';
import { askRetention } from '#contracts/retention.ts';
import { type Client, jobCaller } from '#shared/client.ts';
import { Problem } from '#shared/problem.ts';

type Hold = OutputOf<typeof askRetention>['holds'][number];
type ObjectName = NonNullable<Hold['record']>;

export interface Ordered {
  readonly objectType: string;
  readonly objectId: string;
  readonly fields?: readonly string[] | undefined;
}

/**
 * Throws Problem `conflict` for a record under a legal hold, and names the hold. Without an answer
 * nothing is destroyed: the Problem of the question comes back.
 */
export async function assertNoHold(
  client: Client,
  tenant: string,
  ordered: Ordered,
): Promise<void> {
  const caller = jobCaller('ledger', { tenant });
  const holds: Hold[] = [];
  for (const each of holdClasses) {
    holds.push(...(await client.call(askRetention, { body: { class: each } }, caller)).body.holds);
  }
  const record = { type: ordered.objectType, id: ordered.objectId };
  assertNoneOn([record], holds);
  assertNoneOn(await filesOf(client, caller, { record, ordered, holds }), holds);
  assertNoneOn(await mailsOf(client, caller, { record, holds }), holds);
}

function assertNoneOn(objects: readonly ObjectName[], holds: readonly Hold[]): void {
  const names = new Set(objects.map(nameOf));
  const hold = holds.find(({ record }) => record === undefined || names.has(nameOf(record)));
  if (hold === undefined) return;
  throw new Problem('conflict', {
    detail: `The legal hold ${hold.id} keeps the record. It can be expunged once that is released.`,
  });
}

function nameOf({ type, id }: ObjectName): string {
  return `${type}/${id}`;
}

type Caller = ReturnType<typeof jobCaller>;

/** Asked only where a hold can be about it: a service that is down keeps no order that is free. */
async function filesOf(
  client: Client,
  caller: Caller,
  about: {
    readonly record: ObjectName;
    readonly ordered: Ordered;
    readonly holds: readonly Hold[];
  },
): Promise<readonly ObjectName[]> {
  const { record, ordered, holds } = about;
  const isFile = record.type === 'file' && holds.length > 0;
  // An order about fields leaves the files.
  const mayBeHeld =
    ordered.fields === undefined && holds.some((hold) => hold.record?.type === 'file');
  if (!isFile && !mayBeHeld) return [];
  return (await client.call(reachOfFiles, { body: { record } }, caller)).body.objects;
}

/** The same; of mails also what else they tell of. */
async function mailsOf(
  client: Client,
  caller: Caller,
  { record, holds }: { readonly record: ObjectName; readonly holds: readonly Hold[] },
): Promise<readonly ObjectName[]> {
  if (holds.length === 0) return [];
  const itself = record.type === 'cad-message' ? [record.id] : [];
  const { messageIds } = (await client.call(reachOfRecord, { body: { record } }, caller)).body;
  const ids = [...messageIds, ...itself];
  const objects: ObjectName[] = [];
  for (let at = 0; at < ids.length; at += EXPUNGED_MESSAGES_MAX) {
    const body = { messageIds: ids.slice(at, at + EXPUNGED_MESSAGES_MAX) };
    objects.push(...(await client.call(reachOfMessages, { body }, caller)).body.objects);
  }
  return objects;
}
