/**
 * The operations that only incidents have.
 *
 * A proposal, from the draft of a mail to an incident:
 * 1. A piece of work that was done before gets its first answer again.
 * 2. The claims of the mail's numbers are read, then the incidents that it may be about.
 * 3. It becomes an entry in the log of the one that fits, or of a new incident.
 * 4. Incident, log, history, claims, the work's own row and the event are written together. Whoever
 *    proposed something about the same number meanwhile has moved the claim: begin again at 1.
 *
 * A later reading of a mail takes the place of the earlier one in the log that it stands in. It is
 * not matched anew: people may have worked on the incident since.
 */
import { randomUUIDv7 } from 'node:crypto';
import { z } from 'zod';
import { rowId } from '#contracts/primitives.ts';
import { incidentProvenance, proposeIncident } from '#contracts/records/incident.ts';
import type { Change, Row, TenantTables } from '#shared/ports/tables.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import type { Turns } from '#shared/turns.ts';
import { incidentKind } from './incident.ts';
import {
  INCIDENT_LOG,
  type LogEntry,
  logEntry,
  logRow,
  logRowId,
  type MailEntry,
} from './incident-log.ts';
import { bestMatch, type Candidate, LOG_ENTRIES_MAX } from './incident-match.ts';
import { claimKey, INCIDENT_NUMBER, numberPrefix, tellingNumbersIn } from './incident-numbers.ts';
import { INCIDENT_PLACE, placeClaims, placePrefixes } from './incident-place.ts';
import { decideProposal, decideReading, entryOf, type Proposed } from './incident-proposal.ts';
import { provenanceOf } from './incident-provenance.ts';
import { commitRecord, findRecord, readRecord } from './record-store.ts';

/** Row of a piece of work that is done: id is the work id, so that it is done once. */
const PROPOSAL = 'proposal';
/** Newest incidents with a number, or at a place, that are looked at; older ones are other calls. */
const CANDIDATES_MAX = 10;

const doneWork = z.strictObject({
  incidentId: rowId,
  needsReview: z.boolean(),
  /** The last reading that was proposed; absent: the first. */
  reading: z.number().int().positive().optional(),
});

type Propose = typeof proposeIncident;

export function incidentHandlings(turns: Turns): readonly Handling[] {
  return [
    handle(proposeIncident, (call) => {
      // Mails of one source are what may be about the same call.
      const turn = `${call.caller.tenant}/${PROPOSAL}/${call.body.message.sourceId}`;
      return turns.take(turn, () => retryOnRace(() => tryProposal(call)));
    }),
    handle(incidentProvenance, async ({ tables, params }) => {
      const record = await readRecord(incidentKind, tables, params.id);
      return { body: provenanceOf(record, await readEntries(tables, params.id)) };
    }),
  ];
}

async function tryProposal(call: Call<Propose>): Promise<Committed<Propose>> {
  const { tables, body: proposal, now } = call;
  const key = { kind: PROPOSAL, id: proposal.workId };
  const earlier = await tables.get(key);
  if (earlier !== undefined) return proposeAgain(call, earlier);
  const zone = call.caller.timeZone;
  const entry = entryOf(proposal, zone);
  const claims = await readClaims(tables, entry);
  const found = bestMatch(entry, await readCandidates(tables, entry));
  const made = { id: randomUUIDv7(), at: now.toISOString(), zone };
  return commitProposal(call, decideProposal(entry, found, made), claims);
}

/** A reading that is known already gets its answer again; so does any of a voided incident. */
async function proposeAgain(call: Call<Propose>, earlier: Row): Promise<Committed<Propose>> {
  const { tables, body: proposal, now } = call;
  const { reading: known = 1, ...done } = doneWork.parse(earlier.value);
  const repeated = { ok: true, reply: { body: { ...done, outcome: 'repeated' } } } as const;
  if (proposal.reading <= known) return repeated;
  const zone = call.caller.timeZone;
  const entry = entryOf(proposal, zone);
  const candidate = await readCandidate(tables, done.incidentId);
  const key = { kind: INCIDENT_LOG, id: logRowId(done.incidentId, entry) };
  const row = await tables.get(key);
  if (candidate === undefined || row === undefined) return repeated;
  const claims = await readClaims(tables, entry);
  const decision = decideReading(entry, candidate, { at: now.toISOString(), zone });
  const { id: incidentId, needsReview } = decision.record;
  const { kind, id, version: expect } = earlier;
  const value = { incidentId, needsReview, reading: proposal.reading };
  const rows = [
    logRow(incidentId, entry, row.version),
    { put: { kind, id, value }, expect },
    ...claims,
  ];
  return commitRecord({
    kind: incidentKind,
    call,
    before: candidate.record,
    decision: { ...decision, rows },
    reply: { body: { incidentId, outcome: 'updated', needsReview } },
  });
}

function commitProposal(
  call: Call<Propose>,
  proposed: Proposed,
  claims: readonly Change[],
): Promise<Committed<Propose>> {
  const { outcome, before } = proposed;
  const { id: incidentId, needsReview } =
    proposed.outcome === 'discarded' ? proposed.before : proposed.decision.record;
  const { reading } = call.body;
  const value = { incidentId, needsReview, ...(reading > 1 ? { reading } : {}) };
  const done = { put: { kind: PROPOSAL, id: call.body.workId, value }, expect: 0 };
  const reply = { body: { incidentId, outcome, needsReview } };
  if (proposed.outcome !== 'discarded') {
    const { decision } = proposed;
    const rows = [...(decision.rows ?? []), done, ...claims];
    const kind = incidentKind;
    return commitRecord({ kind, call, before, decision: { ...decision, rows }, reply });
  }
  const { id, version } = proposed.before;
  const event = call.event({
    action: 'core-records.incident.page-discarded',
    object: { type: incidentKind.type, id },
    reason: 'a later page of a source that lets the first one count',
  });
  const unchanged = { check: { kind: incidentKind.type, id }, expect: version };
  return call.commit({
    changes: [...proposed.rows, done, ...claims, unchanged],
    events: [event],
    reply,
  });
}

/**
 * A claim has no content: its version alone tells whether somebody else was here. Of the cells next
 * door a page only wants to know that nobody was: who is there claims them and looks here.
 */
async function readClaims(tables: TenantTables, entry: MailEntry): Promise<readonly Change[]> {
  const { sourceId } = entry.message;
  const { own, beside } = placeClaims(entry.draft.fields);
  const read = async (name: string) => {
    const key = claimKey(sourceId, name);
    return { key, expect: (await tables.get(key))?.version ?? 0 };
  };
  const names = [...tellingNumbersIn(entry.draft.fields.number), ...own];
  const moved = await Promise.all([...new Set(names)].map(read));
  const checked = await Promise.all(beside.map(read));
  return [
    ...moved.map(({ key, expect }) => ({ put: { ...key, value: null }, expect })),
    ...checked.map(({ key, expect }) => ({ check: key, expect })),
  ];
}

/** Incidents with a number of the mail, or near its place. */
async function readCandidates(
  tables: TenantTables,
  { draft }: MailEntry,
): Promise<readonly Candidate[]> {
  const byNumber = tellingNumbersIn(draft.fields.number).map((number) => ({
    kind: INCIDENT_NUMBER,
    prefix: numberPrefix(number),
  }));
  const byPlace = placePrefixes(draft.fields).map((prefix) => ({ kind: INCIDENT_PLACE, prefix }));
  const lists = [...byNumber, ...byPlace].map((rows) =>
    tables.list({ ...rows, descending: true, limit: CANDIDATES_MAX }),
  );
  const rows = (await Promise.all(lists)).flat();
  const ids = new Set(rows.map(({ id }) => id.slice(id.indexOf('/') + 1)));
  const candidates = await Promise.all([...ids].map((id) => readCandidate(tables, id)));
  return candidates.filter((each) => each !== undefined);
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
