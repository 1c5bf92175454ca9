import type { DatabaseSync } from 'node:sqlite';
import type { RowKey, WriteResult } from '#shared/ports/tables.ts';
import type { WritePlan } from './tables-plan.ts';

export type WriteStatements = ReturnType<typeof prepareWrites>;

export function prepareWrites(db: DatabaseSync) {
  return {
    version: db.prepare('SELECT version FROM rows WHERE tenant = ? AND kind = ? AND id = ?'),
    put: db.prepare(
      `INSERT INTO rows (tenant, kind, id, version, value, bytes) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET
         version = excluded.version, value = excluded.value, bytes = excluded.bytes`,
    ),
    remove: db.prepare('DELETE FROM rows WHERE tenant = ? AND kind = ? AND id = ?'),
    found: db.prepare('SELECT 1 FROM directory WHERE kind = ? AND id = ?'),
    add: db.prepare('INSERT INTO directory (kind, id, tenant, row_id) VALUES (?, ?, ?, ?)'),
    drop: db.prepare('DELETE FROM directory WHERE kind = ? AND id = ?'),
    queueEvent: db.prepare('INSERT INTO outbox (event, at) VALUES (?, ?)'),
    forgetEvent: db.prepare('DELETE FROM outbox WHERE position = ?'),
  };
}

/** Runs inside of a transaction. All expectations are looked at before the first change. */
export function applyWrite(statements: WriteStatements, plan: WritePlan, now: number): WriteResult {
  const conflict = firstConflict(statements, plan);
  if (conflict !== undefined) return { ok: false, conflict };
  const { tenant } = plan;
  for (const { kind, id, version, value, bytes } of plan.puts) {
    statements.put.run(tenant, kind, id, version, value, bytes);
  }
  for (const { kind, id } of plan.removes) statements.remove.run(tenant, kind, id);
  for (const { kind, id } of plan.drops) statements.drop.run(kind, id);
  for (const { key, entry } of plan.adds) {
    statements.add.run(key.kind, key.id, entry.tenant, entry.id);
  }
  for (const event of plan.events) statements.queueEvent.run(event, now);
  return { ok: true };
}

function firstConflict(statements: WriteStatements, plan: WritePlan): RowKey | undefined {
  for (const { key, version } of plan.expectations) {
    const found = statements.version.get(plan.tenant, key.kind, key.id)?.version ?? 0;
    if (found !== version) return key;
  }
  for (const { key } of plan.adds) {
    const taken = statements.found.get(key.kind, key.id) !== undefined;
    if (taken) return { kind: key.kind, id: key.id };
  }
  return undefined;
}
