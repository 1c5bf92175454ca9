import { randomUUIDv7 } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { type CadMessage, listCadMessages } from '#contracts/cad-messages.ts';
import { type CadSource, createCadSource } from '#contracts/cad-sources.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import type { InputOf, OutputOf } from '#contracts/operation.ts';
import { type Incident, listIncidents, proposeIncident } from '#contracts/records/incident.ts';
import type { DnsResolver } from '#services/cad-ingest/authentication.ts';
import { openCadIngest } from '#services/cad-ingest/service.ts';
import type { SmtpSettings } from '#services/cad-ingest/smtp.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import type { Client } from '#shared/client.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Bus, Subscription } from '#shared/ports/bus.ts';
import type { Queue } from '#shared/ports/queue.ts';
import type { Json } from '#shared/ports/tables.ts';
import { asProblem } from '#shared/problem.ts';
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
  start(smtp?: Partial<SmtpSettings>): Promise<void>;
}

export interface DeskSettings {
  readonly resolver?: DnsResolver;
  /** Stands in for core-records: answers each proposal, or throws the Problem to answer. */
  readonly propose?: (proposal: Proposal) => OutputOf<typeof proposeIncident>;
  /** Puts a fault between the service and its stores. */
  readonly faulty?: (stores: Stores) => Stores;
}
export type Proposal = InputOf<typeof proposeIncident>['body'];
export interface Stores {
  readonly blobs: Blobs;
  readonly queue: Queue;
}

export async function openDesk(settings: DeskSettings = {}): Promise<Desk> {
  const { resolver, propose, faulty = (stores) => stores } = settings;
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await openTestHost());
  const events: AuditEvent[] = [];
  const ledger = await standInForLedger(test.host.bus, events);
  opened.defer(() => ledger.stop());
  if (propose === undefined) {
    opened.use(await openCoreRecords(await test.parts('core-records')));
  } else {
    const records = await standInForRecords(test.host.bus, propose);
    opened.defer(() => records.stop());
  }
  const { blobs } = await test.host.blobs('cad-mail');
  const queue = await test.host.queue('cad-ingest');
  const parts = {
    ...(await test.parts('cad-ingest')),
    ...faulty({ blobs, queue }),
    mailDomain: MAIL_DOMAIN,
    resolver,
  };
  const open = (smtp: Partial<SmtpSettings> = {}) =>
    openCadIngest({ ...parts, smtp: { host: '127.0.0.1', port: 0, ...smtp } });
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
    async start(smtp) {
      service = await open(smtp);
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await stack.disposeAsync();
    },
  };
}

function standInForRecords(
  bus: Bus,
  propose: NonNullable<DeskSettings['propose']>,
): Promise<Subscription> {
  return bus.serve(proposeIncident.name, {
    inFlightMax: 10,
    async answer({ body }) {
      const { input } = body as unknown as { input: { body: Proposal } };
      try {
        return { ok: true, body: propose(input.body) };
      } catch (error) {
        return { ok: false, problem: asProblem(error).toBody() } as unknown as Json;
      }
    },
  });
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

type ListQuery = InputOf<typeof listCadMessages>['query'];

/** One department: its people and what they see. */
export interface Department {
  readonly tenant: string;
  readonly admin: CallerClaims;
  source(about?: Partial<InputOf<typeof createCadSource>['body']>): Promise<CadSource>;
  messages(query?: ListQuery): Promise<CadMessage[]>;
  page(query: ListQuery): Promise<OutputOf<typeof listCadMessages>>;
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
  const page = async (query: ListQuery) =>
    (await client.call(listCadMessages, { query }, admin)).body;
  const messages = async (query: ListQuery = {}) => (await page(query)).items as CadMessage[];
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
    page,
    incidents,
    async messageOnce(status) {
      const found = await until('the message', messages, ([newest]) => newest?.status === status);
      return found[0] as CadMessage;
    },
    incidentsOnce: (count) => until('the incidents', incidents, (all) => all.length === count),
  };
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
