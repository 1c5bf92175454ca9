/**
 * Legal holds stop an expungement. A hold can name the record, or only a part of what would go with
 * it: a file, a mail, the source of a mail, another incident that the same mail tells of, a command; and
 * where one of these is to be expunged by itself, the record that it belongs to.
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
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { commandsOf, incidentOf } from '../command-log/of-incident.ts';

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
  { client, tables }: { readonly client: Client; readonly tables: TenantTables },
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
  if (holds.length === 0) return;
  assertNoneOn(await commandsIn(tables, ordered), holds);
  assertNoneOn(await filesOf(client, caller, { record, ordered, holds }), holds);
  assertNoneOn(await mailsOf(client, caller, record), holds);
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

/** Commands of an incident, or the incident of a command. */
async function commandsIn(
  tables: TenantTables,
  { objectType, objectId, fields }: Ordered,
): Promise<readonly ObjectName[]> {
  if (objectType === 'command') {
    const incident = await incidentOf(tables, objectId);
    return incident === undefined ? [] : [{ type: 'incident', id: incident }];
  }
  if (objectType !== 'incident' || fields !== undefined) return [];
  return (await commandsOf(tables, objectId)).map((id) => ({ type: 'command', id }));
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
  const isFile = record.type === 'file';
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
  record: ObjectName,
): Promise<readonly ObjectName[]> {
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
