/**
 * The operations that only incidents have.
 *
 * A proposal, from the draft of a mail to an incident:
 * 1. A piece of work that was done before gets its first answer again.
 * 2. The claims of the mail's numbers are read, then the incidents that it may be about.
 * 3. It becomes an entry in the log of the one that fits, or of a new incident.
 * 4. Incident, log, history, claims, the work's own row and the event are written together. Whoever
 *    proposed something about the same number meanwhile has moved the claim: begin again at 1.
 */
import { hash, randomUUIDv7 } from 'node:crypto';
import { z } from 'zod';
import { rowId } from '#contracts/primitives.ts';
import { proposeIncident } from '#contracts/records/incident.ts';
import type { Change, TenantTables } from '#shared/ports/tables.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import type { Turns } from '#shared/turns.ts';
import { incidentKind } from './incident.ts';
import { INCIDENT_LOG, type LogEntry, logEntry } from './incident-log.ts';
import { INCIDENT_NUMBER, numberPrefix, tellingNumbersIn } from './incident-numbers.ts';
import {
  type Candidate,
  decideProposal,
  isAbout,
  LOG_ENTRIES_MAX,
  type Proposal,
} from './incident-proposal.ts';
import { commitRecord, findRecord } from './record-store.ts';

/** Row of a piece of work that is done: id is the work id, so that it is done once. */
const PROPOSAL = 'proposal';
/** Row that everyone moves who proposes something about a number of a source. */
const NUMBER_CLAIM = 'incident-number-claim';
/** Newest incidents with a number that are looked at; more have it only where it tells nothing. */
const CANDIDATES_MAX = 10;

const doneWork = z.strictObject({ incidentId: rowId, needsReview: z.boolean() });

type Propose = typeof proposeIncident;

export function incidentHandlings(turns: Turns): readonly Handling[] {
  return [
    handle(proposeIncident, (call) => {
      const { workId, draft } = call.body;
      const [number = workId] = tellingNumbersIn(draft.fields.number);
      const turn = `${call.caller.tenant}/${PROPOSAL}/${number}`;
      return turns.take(turn, () => retryOnRace(() => tryProposal(call)));
    }),
  ];
}

async function tryProposal(call: Call<Propose>): Promise<Committed<Propose>> {
  const { tables, body: proposal, now } = call;
  const key = { kind: PROPOSAL, id: proposal.workId };
  const earlier = await tables.get(key);
  if (earlier !== undefined) {
    return { ok: true, reply: { body: { ...doneWork.parse(earlier.value), outcome: 'repeated' } } };
  }
  const claims = await readClaims(tables, proposal);
  const found = await findCandidate(tables, proposal);
  const made = { id: randomUUIDv7(), at: now.toISOString() };
  const { outcome, before, decision } = decideProposal(proposal, found, made);
  const { id: incidentId, needsReview } = decision.record;
  const done = { put: { ...key, value: { incidentId, needsReview } }, expect: 0 };
  const rows = [...(decision.rows ?? []), done, ...claims];
  const reply = { body: { incidentId, outcome, needsReview } };
  return commitRecord({ kind: incidentKind, call, before, decision: { ...decision, rows }, reply });
}

/** A claim has no content: its version alone tells whether somebody else was here. */
async function readClaims(tables: TenantTables, proposal: Proposal): Promise<readonly Change[]> {
  const numbers = tellingNumbersIn(proposal.draft.fields.number);
  const reads = numbers.map(async (number) => {
    const name = JSON.stringify([proposal.message.sourceId, number]);
    const key = { kind: NUMBER_CLAIM, id: hash('sha256', name) };
    const row = await tables.get(key);
    return { put: { ...key, value: null }, expect: row?.version ?? 0 };
  });
  return Promise.all(reads);
}

/** The newest incident that the proposal is about. */
async function findCandidate(
  tables: TenantTables,
  proposal: Proposal,
): Promise<Candidate | undefined> {
  const lists = tellingNumbersIn(proposal.draft.fields.number).map((number) =>
    tables.list({
      kind: INCIDENT_NUMBER,
      prefix: numberPrefix(number),
      descending: true,
      limit: CANDIDATES_MAX,
    }),
  );
  const rows = (await Promise.all(lists)).flat();
  const ids = new Set(rows.map(({ id }) => id.slice(id.indexOf('/') + 1)));
  for (const id of [...ids].toSorted().toReversed()) {
    const candidate = await readCandidate(tables, id);
    if (candidate !== undefined && isAbout(proposal, candidate)) return candidate;
  }
  return undefined;
}

async function readCandidate(tables: TenantTables, id: string): Promise<Candidate | undefined> {
  const record = await findRecord(incidentKind, tables, id);
  if (record === undefined || record.status === 'voided') return undefined;
  return { record, log: await readEntries(tables, id) };
}

/** At most as many as `isAbout` allows and refuses. */
async function readEntries(tables: TenantTables, id: string): Promise<readonly LogEntry[]> {
  const prefix = `${id}/`;
  const rows = await tables.list({ kind: INCIDENT_LOG, prefix, limit: LOG_ENTRIES_MAX });
  return rows.map(({ value }) => logEntry.parse(value));
}
