import { randomUUIDv7 } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Change, Json, TenantTables, Write } from '#shared/ports/tables.ts';
import { openPlace, type tablesAdapters } from './adapters.ts';

export const unaudited = 'a test of the store';
export const tenant = randomUUIDv7();
export const neighbour = randomUUIDv7();

export function put(id: string, expect: number, value: Json = { id }, kind = 'incident'): Change {
  return { put: { kind, id, value }, expect };
}

export function changes(...all: Change[]): Write {
  return { changes: all, events: [], unaudited };
}

export function event(id: string, version = 1): AuditEvent {
  return {
    id: randomUUIDv7(),
    tenant,
    at: '2026-11-22T05:14:47.123Z',
    actor: { type: 'user', id: 'someone' },
    action: 'core-records.incident.created',
    object: { type: 'incident', id, version },
    outcome: 'success',
    requestId: 'request',
    disclosures: ['c2FsdA'],
  };
}

export async function idsOf(rows: TenantTables, kind = 'incident'): Promise<string[]> {
  const found = await rows.list({ kind, limit: 100 });
  return found.map(({ id }) => id);
}

const SECRET = 'a-key-that-seals-the-values-of-a-record';
export const keyRow = { kind: 'record-key', id: 'r' };
export const sealedKey = { put: { ...keyRow, value: {}, bytes: Buffer.from(SECRET) }, expect: 0 };

/** Does the key stand in any file of the folder, the write-ahead log among them? */
export async function isKeyIn(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  const all = await Promise.all(names.map((name) => readFile(join(folder, name))));
  return Buffer.concat(all).includes(SECRET);
}

export async function openedTables(open: (typeof tablesAdapters)[number]['open']) {
  const place = await openPlace();
  const tables = await open(place);
  return { place, tables, rows: tables.forTenant(tenant), again: () => open(place) };
}
