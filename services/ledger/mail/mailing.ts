/**
 * Mail of the ledger to the people of each department: checkpoints, and reminders of reviews.
 *
 * 1. The departments with a log, one after the other, every few minutes.
 * 2. What was due last by the department's clocks, and is not in its row, is sent: the gateway is told
 *    the text and the roles, and mails it to each person once (it keeps the addresses).
 * 3. Once everybody has it, the row says so.
 *
 * A round that fails, or leaves somebody, is tried again by the next one. Two processes, or one that
 * was killed between 2 and 3: the gateway sends to nobody twice.
 */
import { z } from 'zod';
import { readDepartmentZone, sendNotice } from '#contracts/notices.ts';
import { PLATFORM_TENANT } from '#contracts/primitives.ts';
import { type Client, jobCaller } from '#shared/client.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { openRounds, type Rounds } from '#shared/rounds.ts';
import { newestCheckpointOf } from '../checkpoints/daily.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { tenantsWithLogs, UNAUDITED } from '../log/store.ts';
import { firstTime, signOffOf } from '../reviews/reviews.ts';
import { type Week, weekAt, weekBefore } from '../reviews/week.ts';
import { checkpointLetter, reminderLetter } from './letters.ts';
import { lastDaily, lastWeekly, MONDAY, type Slot, WEDNESDAY } from './schedule.ts';
import { readSettings } from './settings.ts';

const ROUND_INTERVAL_MS = 10 * 60_000;
const STATE = { kind: 'mail-state', id: 'state' };
/** Keys of what was sent last, under `checkpoints` and `reminders`. */
const stateRow = z.record(z.string(), z.string());
type State = z.infer<typeof stateRow>;

type MailingParts = Pick<LedgerParts, 'tables' | 'clock' | 'log'>;

interface Round {
  readonly parts: MailingParts;
  readonly logs: Pick<Logs, 'use'>;
  readonly client: Client;
}

/** A round sends what is due. Goes round at once and for ever where `isRunning`; else only when asked to. */
export function openMailing(about: Round, settings: { readonly isRunning: boolean }): Rounds {
  const { parts } = about;

  async function round(signal: AbortSignal): Promise<void> {
    for await (const tenant of tenantsWithLogs(parts.tables)) {
      if (signal.aborted) return;
      if (tenant === PLATFORM_TENANT) continue;
      await mailTenant(about, tenant).catch((error: unknown) => tell(parts.log, tenant, error));
    }
  }

  return openRounds({
    intervalMs: ROUND_INTERVAL_MS,
    log: parts.log,
    isRunning: settings.isRunning,
    round,
  });
}

/** The gateway starts last and stops first: that it is away is nothing to look at. */
function tell(log: MailingParts['log'], tenant: string, err: unknown): void {
  const isAway = err instanceof Problem && err.code === 'unavailable';
  if (isAway) log.debug({ tenant, err }, 'mail of the ledger waits for the gateway');
  else log.warn({ tenant, err }, 'mail of the ledger was not sent');
}

async function mailTenant(about: Round, tenant: string): Promise<void> {
  const { parts, client } = about;
  const tables = parts.tables.forTenant(tenant);
  const { settings } = await readSettings(tables);
  const { checkpoints, reviewReminders, changedAt } = settings;
  if (checkpoints === 'off' && !reviewReminders) return;
  const caller = jobCaller('ledger', { tenant });
  const { timeZone } = (await client.call(readDepartmentZone, {}, caller)).body;
  const now = parts.clock();
  if (checkpoints !== 'off') {
    const slot =
      checkpoints === 'daily' ? lastDaily(timeZone, now) : lastWeekly(timeZone, now, MONDAY);
    // What was due before somebody asked for it is not sent late.
    const isAskedFor = changedAt !== undefined && slot.atMs >= Date.parse(changedAt);
    if (isAskedFor) await mailCheckpoint(about, tenant, slot);
  }
  if (reviewReminders) {
    const { atMs } = lastWeekly(timeZone, now, WEDNESDAY);
    await remind(about, tenant, weekBefore(weekAt(atMs)));
  }
}

async function mailCheckpoint(about: Round, tenant: string, { key }: Slot): Promise<void> {
  const tables = about.parts.tables.forTenant(tenant);
  if (((await readState(tables)).state.checkpoints ?? '') >= key) return;
  const checkpoint = await newestCheckpointOf(tables, about.logs, tenant);
  if (checkpoint === undefined) return;
  await send(about, tenant, { ...checkpointLetter(checkpoint, key), key });
  await done(tables, { checkpoints: key });
}

async function remind(about: Round, tenant: string, week: Week): Promise<void> {
  const tables = about.parts.tables.forTenant(tenant);
  if (((await readState(tables)).state.reminders ?? '') >= week.name) return;
  const isSigned = (await signOffOf(tables, week.name)) !== undefined;
  const first = await about.logs.use(tenant, firstTime);
  const isMissing = !isSigned && first !== undefined && first < week.toMs;
  if (isMissing) await send(about, tenant, { ...reminderLetter(week), key: week.name });
  await done(tables, { reminders: week.name });
}

/** Rejects when somebody has not got it: the next round tries again. */
async function send(
  { client }: Round,
  tenant: string,
  body: ReturnType<typeof reminderLetter> & { readonly key: string },
): Promise<void> {
  const caller = jobCaller('ledger', { tenant });
  const { left } = (await client.call(sendNotice, { body }, caller)).body;
  if (left > 0) throw new Error(`${left} of the people have not got the ${body.kind} yet`);
}

async function readState(tables: TenantTables): Promise<{ version: number; state: State }> {
  const row = await tables.get(STATE);
  return { version: row?.version ?? 0, state: row === undefined ? {} : stateRow.parse(row.value) };
}

/** A lost race is another process that has sent the same. */
async function done(tables: TenantTables, sent: Readonly<Record<string, string>>): Promise<void> {
  const { version, state } = await readState(tables);
  const value = { ...state, ...sent };
  const changes = [{ put: { ...STATE, value }, expect: version }];
  await tables.write({ changes, events: [], unaudited: UNAUDITED });
}
