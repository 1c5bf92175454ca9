/**
 * Those who send events, as relays do: in order, one batch at a time, again until it is acknowledged.
 * Now and then the same batch comes from two sides, or an id comes back with other content.
 */
import { createHash } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Receipt } from '#services/ledger/append/writer.ts';
import type { Log } from '#services/ledger/log/log.ts';
import type { Calls, Process } from './calls.ts';
import type { Random } from './random.ts';

export interface Sender {
  readonly record: string;
  /** All that it has sent or will send; what stands before `done` is acknowledged. */
  readonly events: AuditEvent[];
  done: number;
  /** The process that has its batch, while it waits for the answer. */
  asked: Process | undefined;
}

export interface Acknowledged {
  readonly event: AuditEvent;
  readonly receipt: Receipt;
}

/** Versions that a record gets before the next one begins. */
const RECORD_EVENTS = 3;

/** Events whose ids are times of the simulated clock, as UUIDv7 are. */
export function openSender(about: {
  readonly record: string;
  readonly tenant: string;
  readonly count: number;
  readonly random: Random;
  readonly clock: () => number;
}): Sender {
  const { record, tenant, count, random, clock } = about;
  const events: AuditEvent[] = [];
  for (let made = 0; made < count; made += 1) {
    // A record's first event needs a key that nobody has in memory.
    const of = `${record}-${Math.floor(made / RECORD_EVENTS)}`;
    const version = (made % RECORD_EVENTS) + 1;
    const event = eventOf({ record: of, tenant, version, random, at: clock() + made });
    events.push(event);
    // The same id again, with another reason.
    if (random.chance(0.08)) events.push({ ...event, reason: `changed ${version}` });
    // The same event again.
    if (random.chance(0.08)) events.push(event);
  }
  return { record, events, done: 0, asked: undefined };
}

/** An event whose id and salt are drawn: the same seed makes the same one. */
export function eventOf(about: {
  readonly record: string;
  readonly tenant: string;
  readonly version: number;
  readonly random: Random;
  readonly at: number;
}): AuditEvent {
  const { record, tenant, version, random, at } = about;
  const words = Array.from({ length: 4 }, () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  );
  const hex = words.join('');
  const time = at.toString(16).padStart(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
  const salt = createHash('sha256').update(hex).digest('base64url').slice(0, 22);
  const value = JSON.stringify([salt, 'nature', { after: `v${version}` }]);
  return {
    id,
    tenant,
    at: new Date(at).toISOString(),
    actor: { type: 'user', id: 'someone' },
    action: 'core-records.incident.updated',
    object: { type: 'incident', id: record, version },
    outcome: 'success',
    requestId: `request-${version}`,
    disclosures: [Buffer.from(value).toString('base64url')],
  };
}

/** Between senders and processes: it never crashes, and loses, doubles and delays what it carries. */
const network: Process = { name: 'network', alive: true };

/**
 * Sends the next batch. What comes back counts also when the sender has stopped waiting for it, and
 * a batch that was thought lost may still arrive.
 */
export function send(about: {
  readonly calls: Calls;
  readonly sender: Sender;
  readonly process: Process;
  readonly log: Log;
  readonly count: number;
  readonly acknowledge: (acknowledged: readonly Acknowledged[]) => void;
  readonly refuse: (error: unknown) => void;
}): void {
  const { calls, sender, process, log, count, acknowledge, refuse } = about;
  const begin = sender.done;
  const batch = sender.events.slice(begin, begin + count);
  sender.asked = process;
  const free = () => {
    if (sender.asked === process) sender.asked = undefined;
  };
  const answered = (receipts: readonly Receipt[]) => {
    free();
    sender.done = Math.max(sender.done, begin + batch.length);
    acknowledge(
      batch.flatMap((event, index) => {
        const receipt = receipts[index];
        return receipt === undefined ? [] : [{ event, receipt }];
      }),
    );
  };
  const refused = (error: unknown) => {
    free();
    refuse(error);
  };
  /** Not waited for: the work needs calls of its own. */
  const deliver = async () => {
    if (process.alive) void log.append(batch).then(answered, refused);
  };
  calls.make({ process: network, isWrite: true, run: deliver }).catch(refused);
}
