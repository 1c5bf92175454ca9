import { randomUUIDv7 } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { type CadMessage, listCadMessages } from '#contracts/cad-messages.ts';
import { type CadSource, createCadSource } from '#contracts/cad-sources.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import type { InputOf } from '#contracts/operation.ts';
import { type Incident, listIncidents } from '#contracts/records/incident.ts';
import type { DnsResolver } from '#services/cad-ingest/authentication.ts';
import { openCadIngest } from '#services/cad-ingest/service.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import type { Client } from '#shared/client.ts';
import type { Bus, Subscription } from '#shared/ports/bus.ts';
import type { Queue } from '#shared/ports/queue.ts';
import type { Json } from '#shared/ports/tables.ts';
import { until } from '#test/support/api.ts';
import { openTestHost, person, type TestHost } from '#test/support/host.ts';

/** The mail domain of every test. */
export const MAIL_DOMAIN = 'desk.example';

/** cad-ingest between a real SMTP port and the real core-records, on the embedded adapters. */
export interface Desk extends AsyncDisposable {
  readonly test: TestHost;
  readonly client: Client;
  readonly smtpPort: number;
  readonly queue: Queue;
  /** Every audit event that reached the ledger's subject, in its order. */
  readonly events: readonly AuditEvent[];
  /** Takes the services down; the stores stay, so that `start` goes on with them. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function openDesk(settings: { resolver?: DnsResolver } = {}): Promise<Desk> {
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await openTestHost());
  const events: AuditEvent[] = [];
  const ledger = await standInForLedger(test.host.bus, events);
  opened.defer(() => ledger.stop());
  opened.use(await openCoreRecords(await test.parts('core-records')));
  const { blobs } = await test.host.blobs('cad-mail');
  const queue = await test.host.queue('cad-ingest');
  const parts = { ...(await test.parts('cad-ingest')), blobs, queue, mailDomain: MAIL_DOMAIN };
  const smtp = { host: '127.0.0.1', port: 0 };
  const open = () => openCadIngest({ ...parts, ...settings, smtp });
  let service = await open();
  const stack = opened.move();
  return {
    test,
    client: test.client,
    queue,
    events,
    get smtpPort() {
      return service.smtpPort;
    },
    stop: async () => service[Symbol.asyncDispose](),
    async start() {
      service = await open();
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await stack.disposeAsync();
    },
  };
}

/** Takes every event and says so, as the ledger does; what it does with them is not the matter here. */
export function standInForLedger(bus: Bus, events: AuditEvent[]): Promise<Subscription> {
  return bus.serve('ledger.event.append', {
    inFlightMax: 10,
    async answer({ body }) {
      const sent = (body as { input: { body: { events: AuditEvent[] } } }).input.body.events;
      const results = sent.map(({ id }) => {
        const seq = events.findIndex((event) => event.id === id);
        if (seq === -1) events.push(...sent.filter((event) => event.id === id));
        const leafHash = '0'.repeat(64);
        return seq === -1
          ? { id, status: 'appended', seq: events.length - 1, leafHash }
          : { id, status: 'repeated', seq, leafHash };
      });
      return { ok: true, body: { results } } as unknown as Json;
    },
  });
}

/** One department: its people and what they see. */
export interface Department {
  readonly tenant: string;
  readonly admin: CallerClaims;
  source(about?: Partial<InputOf<typeof createCadSource>['body']>): Promise<CadSource>;
  messages(query?: InputOf<typeof listCadMessages>['query']): Promise<CadMessage[]>;
  incidents(): Promise<Incident[]>;
  /** The newest message, once it is in the status. */
  messageOnce(status: CadMessage['status']): Promise<CadMessage>;
  /** All incidents, once there are so many. */
  incidentsOnce(count: number): Promise<Incident[]>;
}

export function department(desk: Desk): Department {
  const { client } = desk;
  const tenant = randomUUIDv7();
  const admin = person({ tenant, roles: ['admin'] });
  const messages = async (query: InputOf<typeof listCadMessages>['query'] = {}) =>
    (await client.call(listCadMessages, { query }, admin)).body.items as CadMessage[];
  const incidents = async () =>
    (await client.call(listIncidents, { query: {} }, admin)).body.items as Incident[];
  return {
    tenant,
    admin,
    async source(about = {}) {
      const body = {
        name: 'County dispatch',
        senders: ['desk@county.example'],
        trust: 'listed' as const,
        networks: ['127.0.0.1'],
        ...about,
      };
      return (await client.call(createCadSource, { body }, admin)).body as CadSource;
    },
    messages,
    incidents,
    async messageOnce(status) {
      const found = await until('the message', messages, ([newest]) => newest?.status === status);
      return found[0] as CadMessage;
    },
    incidentsOnce: (count) => until('the incidents', incidents, (all) => all.length === count),
  };
}

let serial = 0;

/** A plain dispatch mail, each with its own number; parts of it may be replaced. */
export function dispatchMail(
  about: { from?: string; header?: string; body?: string } = {},
): string {
  serial += 1;
  const { from = 'desk@county.example', header = '' } = about;
  const { body = `CALL: CHIMNEY FIRE\r\nADDR: ${serial} Mill Rd\r\nID: 31-${serial}\r\n` } = about;
  return [
    `From: County Dispatch <${from}>`,
    'To: someone-else@elsewhere.example',
    'Subject: CAD Page',
    `Message-ID: <${serial}@county.example>`,
    `${header}`,
    body,
  ].join('\r\n');
}

export interface Sent {
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
  /** The last reply of the server. */
  readonly response: string;
}

/** Sends by nodemailer; a refusal of the whole mail is an answer, not an error. */
export async function send(
  smtpPort: number,
  raw: string | Buffer,
  to: string | readonly string[],
  from = 'desk@county.example',
): Promise<Sent> {
  const transport = createTransport({ host: '127.0.0.1', port: smtpPort, ignoreTLS: true });
  try {
    const envelope = { from, to: [to].flat() as string[] };
    const info = await transport.sendMail({ envelope, raw });
    const { accepted, rejected, response } = info;
    return { accepted: accepted.map(String), rejected: rejected.map(String), response };
  } catch (error) {
    const { response = String(error) } = error as { response?: string };
    return { accepted: [], rejected: [to].flat() as string[], response };
  } finally {
    transport.close();
  }
}
