/**
 * A ledger, core-records, files and cad-ingest on one folder of real stores, and in it a department
 * with an incident that came by mail, was corrected, and has a file.
 */
import { hash, randomUUIDv7 } from 'node:crypto';
import { readCadMessage, submitCadMessage } from '#contracts/cad-messages.ts';
import { createCadSource } from '#contracts/cad-sources.ts';
import { beginFile, finishFile } from '#contracts/files.ts';
import type { InputOf, Operation, OutputOf } from '#contracts/operation.ts';
import type { Role } from '#contracts/permissions.ts';
import { updateIncident } from '#contracts/records/incident.ts';
import { openCadIngest } from '#services/cad-ingest/service.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { blobKeyOf } from '#services/files/file.ts';
import { openFiles } from '#services/files/service.ts';
import { openLedger } from '#services/ledger/service.ts';
import type { ServiceParts } from '#shared/service.ts';
import { until } from '#test/support/api.ts';
import type { Ending } from '#test/support/crash-image.ts';
import { openTestHost, person, type TestHost } from '#test/support/host.ts';

export interface ExpungementDesk extends AsyncDisposable {
  readonly host: TestHost;
  /** Asks as the one person of the department with that role; of administrators there are two. */
  as<Op extends Operation>(
    who: Role | 'second admin',
    operation: Op,
    input?: Partial<InputOf<Op>>,
  ): Promise<OutputOf<Op>>;
  /** Resolves when every event has reached the ledger. */
  settled(): Promise<void>;
}

/** Opens the services on the folder; their stores end where `ending` says. */
export async function openExpungementDesk(about: {
  readonly dataDir: string;
  readonly tenant: string;
  readonly ending?: Ending;
  /** By which its clock is ahead. */
  readonly aheadMs?: number;
}): Promise<ExpungementDesk> {
  const { dataDir, tenant, ending, aheadMs = 0 } = about;
  await using opened = new AsyncDisposableStack();
  const host = opened.use(await openTestHost(dataDir));
  host.advance(aheadMs);
  const parts = await Promise.all(
    (['ledger', 'core-records', 'files', 'cad-ingest'] as const).map(async (name) => {
      const each = await host.parts(name);
      return ending === undefined ? each : { ...each, tables: ending.tables(name, each.tables) };
    }),
  );
  const [ledger, records, files, cad] = parts as [
    ServiceParts,
    ServiceParts,
    ServiceParts,
    ServiceParts,
  ];
  const blobsOf = async (service: string, store: 'files' | 'cad-mail') => {
    const { blobs } = await host.host.blobs(store);
    return ending === undefined ? blobs : ending.blobs(service, blobs);
  };
  const { blobs: checkpoints } = await host.host.blobs('checkpoints');
  opened.use(await openLedger({ ...ledger, checkpoints, host: () => 'ledger.example' }));
  opened.use(await openCoreRecords(records));
  opened.use(await openFiles({ ...files, blobs: await blobsOf('files', 'files') }));
  opened.use(
    await openCadIngest({
      ...cad,
      blobs: await blobsOf('cad-ingest', 'cad-mail'),
      queue: await host.host.queue('cad-ingest'),
      smtp: { host: '127.0.0.1', port: 0 },
      mailDomain: 'desk.example',
    }),
  );
  const people = new Map<string, ReturnType<typeof person>>();
  const stack = opened.move();
  return {
    host,
    async as(who, operation, input = {}) {
      const role = who === 'second admin' ? 'admin' : who;
      const caller = people.get(who) ?? person({ tenant, roles: [role] });
      people.set(who, caller);
      return (await host.client.call(operation, input, caller)).body;
    },
    async settled() {
      for (const { tables } of parts) {
        const depth = async () => (await tables.outboxDepth()).events;
        await until('events in the outbox', depth, (events) => events === 0);
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export interface Made {
  readonly incidentId: string;
  /** Of the other call in the same mail. */
  readonly otherIncidentId: string;
  readonly sourceId: string;
  readonly messageId: string;
  readonly fileId: string;
}

/** The mail, which tells of another call too, the correction and the file; each says one of the words. */
export async function makeIncident(
  desk: ExpungementDesk,
  words: { readonly mailed: string; readonly said: string; readonly filed: string },
  tenant: string,
): Promise<Made> {
  const source = await makeSource(desk);
  const message = await desk.as('admin', submitCadMessage, {
    body: {
      sourceId: source.id,
      id: `call-${randomUUIDv7()}`,
      subject: `Dispatch ${words.mailed}`,
      body: [`12 ${words.mailed}`, '1 OAK CT']
        .map((address, call) => `CALL: CHIMNEY FIRE\r\nADDR: ${address}\r\nID: 42-${call}\r\n`)
        .join('\r\n'),
    },
  });
  const read = () => desk.as('admin', readCadMessage, { params: { id: message.id } });
  const { pages = [] } = await until('the incidents', read, (each) => each.pages?.length === 2);
  const [incidentId = '', otherIncidentId = ''] = pages.map((page) => page.incidentId);
  await correct(desk, incidentId, words.said);
  const bytes = Buffer.from(`${words.filed}\n`);
  const begun = await desk.as('officer', beginFile, {
    body: {
      name: `${words.filed}.txt`,
      contentType: 'text/plain',
      sizeBytes: bytes.length,
      sha256: hash('sha256', bytes),
      attachTo: { type: 'incident', id: incidentId },
    },
  });
  const { blobs } = await desk.host.host.blobs('files');
  await blobs.put(blobKeyOf(tenant, begun.id), bytes);
  await desk.as('officer', finishFile, { params: { id: begun.id } });
  const { id: messageId } = message;
  return { incidentId, otherIncidentId, sourceId: source.id, messageId, fileId: begun.id };
}

export function makeSource(desk: ExpungementDesk) {
  const senders = ['desk@county.example'];
  const body = { name: 'County', senders, trust: 'authenticated' as const };
  return desk.as('admin', createCadSource, { body });
}

export async function correct(desk: ExpungementDesk, id: string, placeName: string): Promise<void> {
  await desk.as('officer', updateIncident, { params: { id }, body: { placeName } });
}
