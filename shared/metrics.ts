import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type AlarmKind, alarmKinds } from '#contracts/alarms.ts';

/** Prometheus metrics of one process. Labels hold names of operations and outcomes, never ids. */
export interface Metrics {
  operationDone(done: {
    readonly operation: string;
    /** `ok` or a problem code. */
    readonly outcome: string;
    readonly seconds: number;
  }): void;
  outboxDepth(service: string, events: number, oldestSeconds: number): void;
  /** Entries that the ledger's verification in the background has checked since the last call. */
  entriesVerified(entries: number): void;
  /** How the logs stand by their last verification in the background. */
  logsVerified(done: {
    readonly brokenLogs: number;
    /** Age of the oldest last pass among the logs. */
    readonly oldestPassSeconds: number;
  }): void;
  /** Entries that a sink has not taken yet. */
  sinkBehind(sink: string, entries: number): void;
  /** Dispatch centres that have sent nothing for longer than their rhythm explains. */
  sourcesSilent(count: number): void;
  /** Capacity that the store of the tables has counted for what was asked of it. */
  tableUnitsUsed(units: { readonly read: number; readonly write: number }): void;
  /** What became of a mail of ours, as far as it is known. */
  mailOutcome(outcome: MailOutcome): void;
  /** Something that an operator must hear of; the alarm rules are written on this counter. */
  alarm(kind: AlarmKind): void;
  text(): Promise<string>;
  readonly contentType: string;
}

/** `taken` and what follows are told by the carrier of the mail, later and not of each. */
export type MailOutcome =
  | 'sent'
  | 'withheld'
  | 'failed'
  | 'refused'
  | 'taken'
  | 'delivered'
  | 'delayed'
  | 'rejected'
  | 'bounced'
  | 'complained';

/** `onAlarm` says each alarm where somebody reads it: a counter alone is seen at the next scrape. */
export function openMetrics(onAlarm: (kind: AlarmKind) => void = () => undefined): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const operations = new Histogram({
    name: 'watchdesk_operation_seconds',
    help: 'Time from admission to reply, by operation and outcome',
    labelNames: ['operation', 'outcome'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const events = new Gauge({
    name: 'watchdesk_outbox_events',
    help: 'Audit events that wait for the ledger',
    labelNames: ['service'],
    registers,
  });
  const age = new Gauge({
    name: 'watchdesk_outbox_oldest_seconds',
    help: 'Age of the oldest audit event that waits for the ledger',
    labelNames: ['service'],
    registers,
  });
  const behind = new Gauge({
    name: 'watchdesk_sink_undelivered_entries',
    help: 'Ledger entries that a sink has not taken yet',
    labelNames: ['sink'],
    registers,
  });
  const silent = new Gauge({
    name: 'watchdesk_cad_sources_silent',
    help: 'CAD sources that have fallen silent, by their own rhythm',
    registers,
  });
  const units = new Counter({
    name: 'watchdesk_table_units_total',
    help: 'Capacity units that the store of the tables has counted, by kind',
    labelNames: ['kind'],
    registers,
  });
  const mails = new Counter({
    name: 'watchdesk_mails_total',
    help: 'Mail to people, by what became of it',
    labelNames: ['outcome'],
    registers,
  });
  const alarms = new Counter({
    name: 'watchdesk_alarms_total',
    help: 'Conditions that an operator must hear of',
    labelNames: ['kind'],
    registers,
  });
  const verified = openVerificationMetrics(registers);
  for (const kind of alarmKinds) alarms.inc({ kind }, 0);
  return {
    operationDone({ operation, outcome, seconds }) {
      operations.observe({ operation, outcome }, seconds);
    },
    outboxDepth(service, waiting, oldestSeconds) {
      events.set({ service }, waiting);
      age.set({ service }, oldestSeconds);
    },
    ...verified,
    sinkBehind: (sink, entries) => behind.set({ sink }, entries),
    sourcesSilent: (count) => silent.set(count),
    tableUnitsUsed({ read, write }) {
      units.inc({ kind: 'read' }, read);
      units.inc({ kind: 'write' }, write);
    },
    mailOutcome: (outcome) => mails.inc({ outcome }),
    alarm(kind) {
      alarms.inc({ kind });
      onAlarm(kind);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function openVerificationMetrics(
  registers: Registry[],
): Pick<Metrics, 'entriesVerified' | 'logsVerified'> {
  const checked = new Counter({
    name: 'watchdesk_ledger_verified_entries_total',
    help: 'Ledger entries that the verification in the background has checked',
    registers,
  });
  const broken = new Gauge({
    name: 'watchdesk_ledger_broken_logs',
    help: 'Logs whose last verification in the background found breaks',
    registers,
  });
  const age = new Gauge({
    name: 'watchdesk_ledger_oldest_verification_seconds',
    help: 'Age of the oldest last verification among the logs',
    registers,
  });
  return {
    entriesVerified: (entries) => checked.inc(entries),
    logsVerified({ brokenLogs, oldestPassSeconds }) {
      broken.set(brokenLogs);
      age.set(oldestPassSeconds);
    },
  };
}
