/**
 * Has the published checkpoints cosigned by the configured witnesses, behind everything else: nobody
 * who appends or reads waits for a witness. Each witness has a round of its own, so that a slow one
 * keeps up nobody but itself.
 *
 * 1. The newest checkpoint of each log, as it is in the tables. One that the witness has signed within
 *    a day is left out.
 * 2. The witness is asked with the size that it was at the last time, or 0; when it stands elsewhere,
 *    once more from there, with a consistency proof out of the hash tiles.
 * 3. Its line is checked and put beside the checkpoint (later-lines.ts), where everybody gets it.
 *
 * What a witness was told is remembered by the witness alone: after a restart it says where it stands.
 */
import type { TenantTables } from '#shared/ports/tables.ts';
import { repeatRounds } from '#shared/rounds.ts';
import type { Checkpoint } from '../chain/checkpoint.ts';
import { consistencyPath } from '../chain/tree.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { tenantsWithLogs } from '../log/store.ts';
import { witnessedAt } from '../portable/cosignature.ts';
import { parseNote } from '../portable/note.ts';
import { addLaterLines, publishedCheckpoint } from './later-lines.ts';
import { askWitness, type WitnessOutcome } from './witness-client.ts';
import type { WitnessSettings } from './witness-settings.ts';

const ROUND_INTERVAL_MS = 10_000;
/** Older cosignatures are renewed: they say that the log was still the one it was. */
const COSIGNATURE_AGE_SECONDS_MAX = 24 * 60 * 60;
/** After a failure the witness is left alone for a while, the longer when somebody must mend it. */
const FAILED_PAUSE_MS = 60_000;
const REFUSED_PAUSE_MS = 10 * 60_000;

export interface Witnessing extends AsyncDisposable {
  /** Asks every witness for what it has not signed. */
  round(): Promise<void>;
}

type WitnessingParts = Pick<LedgerParts, 'tables' | 'clock' | 'log' | 'metrics'>;

/** Goes round for ever where `isRunning`; else only when asked to. */
export function openWitnessing(
  parts: WitnessingParts,
  logs: Pick<Logs, 'use'>,
  settings: { readonly witnesses: readonly WitnessSettings[]; readonly isRunning: boolean },
): Witnessing {
  const stop = new AbortController();
  const rounds = settings.witnesses.map((witness) => openRounds(parts, logs, witness, stop.signal));

  const { signal } = stop;
  const { log } = parts;
  const running = settings.isRunning
    ? rounds.map((round) => repeatRounds({ signal, intervalMs: ROUND_INTERVAL_MS, log, round }))
    : [];
  return {
    async round() {
      await Promise.all(rounds.map((each) => each()));
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

/** The rounds of one witness. */
function openRounds(
  parts: WitnessingParts,
  logs: Pick<Logs, 'use'>,
  witness: WitnessSettings,
  stop: AbortSignal,
): () => Promise<void> {
  /** By origin: where the witness stood, and until when a log that it refused is left out. */
  const standing = new Map<string, number>();
  const pausedUntil = new Map<string, number>();

  async function ask(tenant: string, checkpoint: Checkpoint): Promise<WitnessOutcome> {
    const old = Math.min(standing.get(checkpoint.origin) ?? 0, checkpoint.size);
    const first = await askFrom(tenant, checkpoint, old);
    if (first.kind !== 'elsewhere') return first;
    standing.set(checkpoint.origin, first.size);
    if (first.size > checkpoint.size) return ahead(tenant, first);
    return askFrom(tenant, checkpoint, first.size);
  }

  /** A checkpoint is in the tables before any witness sees it: a later one has come, or the log was cut. */
  async function ahead(
    tenant: string,
    outcome: Extract<WitnessOutcome, { kind: 'elsewhere' }>,
  ): Promise<WitnessOutcome> {
    const newest = await publishedCheckpoint(parts.tables.forTenant(tenant));
    return (newest?.size ?? 0) < outcome.size ? { kind: 'contradicted' } : outcome;
  }

  async function askFrom(
    tenant: string,
    { note, size }: Checkpoint,
    old: number,
  ): Promise<WitnessOutcome> {
    const hashes = await proofOf(logs, tenant, old, size);
    return askWitness(witness, { old, hashes, checkpoint: note }, stop);
  }

  async function cosign(tenant: string): Promise<void> {
    const tables = parts.tables.forTenant(tenant);
    const checkpoint = await publishedCheckpoint(tables);
    if (checkpoint === undefined || (await isFresh(checkpoint))) return;
    const { origin } = checkpoint;
    if (parts.clock() < (pausedUntil.get(origin) ?? 0)) return;
    const outcome = await ask(tenant, checkpoint);
    await settle(tables, tenant, checkpoint, outcome);
  }

  async function isFresh({ note }: Checkpoint): Promise<boolean> {
    const parsed = parseNote(note);
    const seconds = parsed && (await witnessedAt(parsed, witness.verifierKey));
    if (seconds === undefined) return false;
    return parts.clock() / 1000 - seconds < COSIGNATURE_AGE_SECONDS_MAX;
  }

  async function settle(
    tables: TenantTables,
    tenant: string,
    checkpoint: Checkpoint,
    outcome: WitnessOutcome,
  ): Promise<void> {
    const { origin, size } = checkpoint;
    if (outcome.kind === 'cosigned') {
      await addLaterLines(tables, checkpoint, outcome.lines);
      standing.set(origin, size);
      return;
    }
    if (stop.aborted) return;
    const pause = outcome.kind === 'refused' ? REFUSED_PAUSE_MS : FAILED_PAUSE_MS;
    pausedUntil.set(origin, parts.clock() + pause);
    tell(parts, { tenant, witness: witness.verifierKey.name, size, ...outcome });
  }

  return async () => {
    for await (const tenant of tenantsWithLogs(parts.tables)) {
      if (stop.aborted) return;
      await cosign(tenant).catch((error: unknown) => {
        parts.log.warn({ tenant, err: error }, 'a checkpoint could not be sent to a witness');
      });
    }
  };
}

function tell(
  { log, metrics }: WitnessingParts,
  about: {
    readonly kind: WitnessOutcome['kind'];
    readonly tenant: string;
    readonly witness: string;
    readonly size: number;
  },
): void {
  if (about.kind !== 'contradicted') {
    log.warn(about, 'a witness did not cosign a checkpoint');
    return;
  }
  metrics.alarm('ledger-verify-failed');
  log.error(about, 'a witness says that the log does not go on from what it has seen');
}

async function proofOf(
  logs: Pick<Logs, 'use'>,
  tenant: string,
  from: number,
  to: number,
): Promise<Buffer[]> {
  if (from === 0 || from === to) return [];
  return logs.use(tenant, async (log) => {
    if (log.size() < to) await log.follow();
    return log.hashes(consistencyPath(from, to));
  });
}
