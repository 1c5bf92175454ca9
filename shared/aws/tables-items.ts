/**
 * The items of a table, which belongs to one service.
 *
 *   pk                        sk            v version, j value as JSON text, b bytes, p position of
 *   <tenant>/<kind>           <id>          the write that put it, w id of a write without a
 *                                           transaction
 *   /directory/<kind>/<id>    -             t tenant, i id
 *   /outbox/<shard>           <position>    e event as JSON text, at when it was put there
 *
 * A tenant has no slash: what begins with one belongs to none. Names are short because each of their
 * bytes is written, and paid for, with every item. Text sorts by its UTF-8 bytes.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { TenantId } from '#contracts/primitives.ts';
import type { DirectoryEntry, Json, Row, RowKey } from '#shared/ports/tables.ts';

export type Item = Record<string, AttributeValue>;

/** A partition takes 1,000 write units per second: an event of 1 KB costs 3 until it is forgotten. */
export const OUTBOX_SHARDS = 4;
const POSITION_DIGITS = 16;

export function rowItemKey(tenant: TenantId, { kind, id }: RowKey): Item {
  return { pk: { S: partitionOf(tenant, kind) }, sk: { S: id } };
}

export function partitionOf(tenant: TenantId, kind: string): string {
  return `${tenant}/${kind}`;
}

export function directoryItemKey({ kind, id }: RowKey): Item {
  return { pk: { S: `/directory/${kind}/${id}` }, sk: { S: '-' } };
}

export function outboxItemKey(position: number): Item {
  return {
    pk: { S: outboxPartition(position % OUTBOX_SHARDS) },
    sk: { S: positionText(position) },
  };
}

export function outboxPartition(shard: number): string {
  return `/outbox/${shard}`;
}

export function positionText(position: number): string {
  return String(position).padStart(POSITION_DIGITS, '0');
}

export function rowItem(about: {
  readonly key: Item;
  readonly version: number;
  readonly value: string;
  readonly bytes: Uint8Array | null;
  readonly position: number;
}): Item {
  const { key, version, value, bytes, position } = about;
  return {
    ...key,
    v: number(version),
    j: { S: value },
    p: number(position),
    ...(bytes === null ? {} : { b: { B: bytes } }),
  };
}

export function rowOf(kind: string, item: Item): Row {
  const { sk, v, j, b } = item;
  // The attributes are those of `rowItem` above.
  const value = JSON.parse(textOf(j)) as Json;
  const row = { kind, id: textOf(sk), version: numberOf(v), value };
  // A plain array of its own: the SDK may give a view into a larger buffer.
  return b?.B === undefined ? row : { ...row, bytes: Uint8Array.from(b.B) };
}

export function directoryItem(key: RowKey, { tenant, id }: DirectoryEntry): Item {
  return { ...directoryItemKey(key), t: { S: tenant }, i: { S: id } };
}

export function directoryEntryOf({ t, i }: Item): DirectoryEntry {
  return { tenant: textOf(t), id: textOf(i) };
}

export function outboxItem(about: {
  readonly position: number;
  readonly event: string;
  readonly at: number;
}): Item {
  const { position, event, at } = about;
  return { ...outboxItemKey(position), e: { S: event }, at: number(at) };
}

export function number(value: number): AttributeValue {
  return { N: String(value) };
}

export function numberOf(attribute: AttributeValue | undefined): number {
  if (attribute?.N === undefined) throw new Error('an item lacks a number that each one has');
  return Number(attribute.N);
}

export function textOf(attribute: AttributeValue | undefined): string {
  if (attribute?.S === undefined) throw new Error('an item lacks a text that each one has');
  return attribute.S;
}
