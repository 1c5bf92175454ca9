import { openService, openTools, type Service } from '#shared/service.ts';
import { eventHandlings } from './append/events.ts';
import { checkpointHandlings } from './checkpoints/checkpoints.ts';
import { openDaily } from './checkpoints/daily.ts';
import { keyHandlings } from './checkpoints/keys.ts';
import { openTimestamping } from './checkpoints/timestamps.ts';
import { openWitnessing } from './checkpoints/witnessing.ts';
import { commandHandlings } from './command-log/commands.ts';
import { evidenceHandlings } from './evidence/evidence.ts';
import { expungementHandlings } from './evidence/expungements.ts';
import { openExpungingRounds } from './evidence/expunging-rounds.ts';
import { exportHandlings } from './export/exports.ts';
import { type LedgerParts, openLogs } from './log/logs.ts';
import { openMailing } from './mail/mailing.ts';
import { mailHandlings } from './mail/settings.ts';
import { entryHandlings } from './read/entries.ts';
import { logFileHandlings } from './read/log-files.ts';
import { purgeHandlings } from './retention/purges.ts';
import { openRemovals } from './retention/removals.ts';
import { reviewHandlings } from './reviews/reviews.ts';
import { openSinks } from './sinks/open.ts';
import { openPatrol } from './verify/patrol.ts';
import { verificationHandlings } from './verify/verifications.ts';

/**
 * The ledger: one chain and tree for each tenant. Its own audited reads go the way of everybody
 * else's events: into its outbox, and by its relay over the bus to itself.
 */
export async function openLedger(parts: LedgerParts): Promise<Service> {
  const logs = openLogs(parts);
  const tools = await openTools(parts);
  const removals = openRemovals(parts, tools.client, { isRunning: true });
  const expunging = openExpungingRounds({ ...parts, ...tools }, logs);
  const service = await openService(parts, tools, [
    ...eventHandlings(logs),
    ...entryHandlings(logs),
    ...checkpointHandlings(parts, logs),
    ...evidenceHandlings(logs),
    ...expungementHandlings({ ...parts, ...tools }, logs, expunging),
    ...exportHandlings(logs),
    ...purgeHandlings({ ...parts, client: tools.client, removals }, logs),
    ...reviewHandlings(logs),
    ...commandHandlings(parts, logs),
    ...mailHandlings(),
    ...keyHandlings(parts),
    ...logFileHandlings(parts, logs),
    ...verificationHandlings(parts, logs),
  ]);
  const patrol = openPatrol(parts, { isRunning: true });
  const daily = openDaily(parts, logs, { isRunning: true });
  const { witnesses = [], timestamps } = parts;
  const timestamping = openTimestamping(parts, { timestamps, isRunning: true });
  const witnessing = openWitnessing(parts, logs, { witnesses, isRunning: true });
  const mailing = openMailing({ parts, logs, client: tools.client }, { isRunning: true });
  const sinks = openSinks(parts, logs, parts.sinks ?? []);
  return {
    ...service,
    async [Symbol.asyncDispose]() {
      await expunging[Symbol.asyncDispose]();
      await sinks[Symbol.asyncDispose]();
      await patrol[Symbol.asyncDispose]();
      await daily[Symbol.asyncDispose]();
      await timestamping[Symbol.asyncDispose]();
      await mailing[Symbol.asyncDispose]();
      await removals[Symbol.asyncDispose]();
      await witnessing[Symbol.asyncDispose]();
      // First nobody asks any more, then what waits is written and the last head is signed.
      await service[Symbol.asyncDispose]();
      await logs[Symbol.asyncDispose]();
    },
  };
}
