/**
 * A process that works on one port without an end and writes a line to its output whenever a call
 * has resolved: what it has written there, the store must have after any end of the process.
 *
 *   node child.ts <port> <folder> <number of the run>
 */
import { randomUUIDv7 } from 'node:crypto';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { openBlobs } from '#shared/embedded/blobs.ts';
import { openMailer } from '#shared/embedded/mailer.ts';
import { openQueue } from '#shared/embedded/queue.ts';
import { openTables } from '#shared/embedded/tables.ts';
import { openVault } from '#shared/embedded/vault.ts';

const TENANT = 'platform';
const SIDE_BY_SIDE = 4;

const [, , port = '', folder = '', run = ''] = process.argv;
const clock = Date.now;

/** One piece of work; the line to be written is what it resolves to. */
type Work = (id: string) => Promise<string>;

const ports: Readonly<Record<string, () => Promise<Work>>> = {
  tables: async () => {
    const tables = await openTables({ file: join(folder, 'tables.sqlite'), clock });
    const rows = tables.forTenant(TENANT);
    return async (id) => {
      const put = (kind: string) => ({ put: { kind, id, value: { id } }, expect: 0 });
      const { ok } = await rows.write({
        changes: [put('incident'), put('history')],
        directory: [{ add: { kind: 'number', id }, entry: { tenant: TENANT, id } }],
        events: [eventOf(id)],
      });
      if (!ok) throw new Error('the ids of each run are its own');
      return id;
    };
  },
  queue: async () => {
    const file = join(folder, 'queue.sqlite');
    const queue = await openQueue({ file, leaseMs: 60_000, triesMax: 5, clock });
    return async (id) => {
      await queue.send(id);
      return id;
    };
  },
  blobs: async () => {
    const vault = await openVault({ dir: join(folder, 'vault') });
    const publicOrigin = () => 'https://desk.example.org';
    const dir = join(folder, 'blobs');
    const { blobs } = await openBlobs({ dir, store: 'files', vault, publicOrigin, clock });
    return async (id) => {
      await blobs.put(`some/${id}/bytes`, Readable.from(piecesOf(id)));
      return id;
    };
  },
  vault: async () => {
    const vault = await openVault({ dir: join(folder, 'vault') });
    return async (id) => {
      const { keyId } = await vault.sign(id, Buffer.from(id));
      return `${id} ${keyId}`;
    };
  },
  mailer: async () => {
    const mailer = await openMailer({ dir: join(folder, 'mail-out'), clock });
    return async (id) => {
      await mailer.send({ to: 'chief@example.org', subject: id, text: id, id });
      return id;
    };
  },
};

const work = await ports[port]?.();
if (work === undefined) throw new Error(`no such port: ${port}`);
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, (_, lane) => workOn(work, lane)));

async function workOn(one: Work, lane: number): Promise<void> {
  for (let i = 0; ; i += 1) {
    const line = await one(`run-${run}-lane-${lane}-${i}`);
    writeSync(process.stdout.fd, `${line}\n`);
  }
}

function* piecesOf(id: string): Generator<Buffer> {
  for (let i = 0; i < 8; i += 1) yield Buffer.from(id.padEnd(4_096));
}

function eventOf(id: string): AuditEvent {
  return {
    id: randomUUIDv7(),
    tenant: TENANT,
    at: new Date(clock()).toISOString(),
    actor: { type: 'service', id: 'core-records' },
    action: 'core-records.incident.created',
    object: { type: 'incident', id, version: 1 },
    outcome: 'success',
    requestId: id,
    disclosures: ['c2FsdA'],
  };
}
