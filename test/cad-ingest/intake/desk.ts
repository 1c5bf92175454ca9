import { randomUUIDv7 } from 'node:crypto';
import { expect } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { type CadMessage, listCadMessages } from '#contracts/cad-messages.ts';
import { type CadSource, createCadSource } from '#contracts/cad-sources.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import type { InputOf, OutputOf } from '#contracts/operation.ts';
import { type Incident, listIncidents, proposeIncident } from '#contracts/records/incident.ts';
import type { DnsResolver } from '#services/cad-ingest/intake/authentication.ts';
import type { SmtpSettings } from '#services/cad-ingest/intake/smtp.ts';
import { openCadIngest } from '#services/cad-ingest/service.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import type { Client } from '#shared/client.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Bus, Subscription } from '#shared/ports/bus.ts';
import type { Queue } from '#shared/ports/queue.ts';
import type { Json } from '#shared/ports/tables.ts';
import { asProblem } from '#shared/problem.ts';
import { until } from '#test/support/api.ts';
import { openTestHost, person, type TestHost } from '#test/support/host.ts';
import { openSender, type Sender } from './sender.ts';
import { MAIL_DOMAIN, standInForLedger } from './stand-in.ts';

/** cad-ingest between a real SMTP port and the real core-records, on the embedded adapters. */
export interface Desk extends AsyncDisposable {
  readonly test: TestHost;
  readonly client: Client;
  readonly smtpPort: number;
  readonly queue: Queue;
  readonly blobs: Blobs;
  /** Sends by SMTP, over one connection that stays open. */
  send: Sender['send'];
  /** Every audit event that reached the ledger's subject, in its order. */
  readonly events: readonly AuditEvent[];
  /** Takes the services down; the stores stay, so that `start` goes on with them. */
  stop(): Promise<void>;
  start(smtp?: Partial<SmtpSettings>): Promise<void>;
}

export interface DeskSettings {
  readonly resolver?: DnsResolver;
  readonly ledgerIsUp?: () => boolean;
  /** Stands in for core-records: answers each proposal, or throws the Problem to answer. */
  readonly propose?: (proposal: Proposal) => OutputOf<typeof proposeIncident>;
  /** Puts a fault between the service and its stores. */
  readonly faulty?: (stores: Stores) => Stores;
  /** In which SES tells of the mail that it took; absent: it takes none. */
  readonly received?: (test: TestHost) => Promise<Queue>;
}
/** The bucket in which SES puts mail. */
export const BUCKET = 'desk-cad-mail';
export type Proposal = InputOf<typeof proposeIncident>['body'];
export interface Stores {
  readonly blobs: Blobs;
  readonly queue: Queue;
}

export async function openDesk(settings: DeskSettings = {}): Promise<Desk> {
  const { resolver, ledgerIsUp, propose, faulty = (stores) => stores } = settings;
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await openTestHost());
  const events: AuditEvent[] = [];
  const ledger = await standInForLedger(test.host.bus, events, ledgerIsUp);
  opened.defer(() => ledger.stop());
  if (propose === undefined) {
    opened.use(await openCoreRecords(await test.parts('core-records')));
  } else {
    const records = await standInForRecords(test.host.bus, propose);
    opened.defer(() => records.stop());
  }
  const stores = faulty({
    blobs: (await test.host.blobs('cad-mail')).blobs,
    queue: await test.host.queue('cad-ingest'),
  });
  const received = settings.received && opened.use(await settings.received(test));
  const parts = {
    ...(await test.parts('cad-ingest')),
    ...stores,
    received: received && { queue: received, bucket: BUCKET },
    mailDomain: MAIL_DOMAIN,
    resolver,
  };
  const open = (smtp: Partial<SmtpSettings> = {}) =>
    openCadIngest({ ...parts, smtp: { host: '127.0.0.1', port: 0, ...smtp } });
  let service = await open();
  let sender = openSender(service.smtpPort);
  const stop = async () => {
    await sender[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  };
  const stack = opened.move();
  return {
    test,
    client: test.client,
    ...stores,
    events,
    get smtpPort() {
      return service.smtpPort;
    },
    send: (...mail) => sender.send(...mail),
    stop,
    async start(smtp) {
      service = await open(smtp);
      sender = openSender(service.smtpPort);
    },
    async [Symbol.asyncDispose]() {
      await stop();
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

/** Waits until each of these mails is one incident, made once, and nothing else is there. */
export async function expectOnceEach(own: Department, mails: readonly string[]): Promise<void> {
  const incidents = await own.incidentsOnce(mails.length);
  const numbers = mails.map((raw) => /^ID: (\S+)/m.exec(raw)?.[1]);
  expect(incidents.map(({ number }) => number).toSorted()).toEqual(numbers.toSorted());
  expect(incidents.every(({ version }) => version === 1)).toBe(true);
  const isFinished = (all: readonly CadMessage[]) => all.length === mails.length;
  const messages = await until(
    'the messages',
    () => own.messages({ status: 'processed' }),
    isFinished,
  );
  expect(messages.map(({ incidentId }) => incidentId).toSorted()).toEqual(
    incidents.map(({ id }) => id).toSorted(),
  );
}

/** Names and values that an event discloses. */
export function disclosed(event: AuditEvent | undefined): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    (event?.disclosures ?? []).map((text) => {
      const [, name, value] = JSON.parse(Buffer.from(text, 'base64url').toString());
      return [name, value];
    }),
  );
}
