/** What a week's entries come to. Pure: entries in, counts and findings out. */
import type { LedgerEntry } from '#contracts/ledger.ts';
import { type AnomalyRule, anomalyRules, type ReviewSummary } from '#contracts/ledger-reviews.ts';
import { FIELDS_DESTROYED, RECORD_DESTROYED } from '../chain/seal.ts';
import { type Family, familyOf } from '../export/family.ts';

const DESTRUCTIONS: readonly string[] = [RECORD_DESTROYED, FIELDS_DESTROYED];
/** Actors in an answer. */
const ACTORS_SHOWN_MAX = 50;
/** Anomalies in an answer: more of them is a finding by itself. */
const ANOMALIES_SHOWN_MAX = 100;

const FAILED_SIGN_INS_MIN = 10;
const REFUSALS_MIN = 20;
const EXPORTS_MIN = 10;

export type Counted = Pick<
  ReviewSummary,
  | 'entries'
  | 'byFamily'
  | 'byOutcome'
  | 'actors'
  | 'actorsTotal'
  | 'refusals'
  | 'signInFailures'
  | 'lockouts'
  | 'exports'
  | 'anomalies'
>;

type Tally = Map<string, number>;

/** Counts one entry at a time; a week need not fit into the memory. */
export function openCount() {
  const families: Record<Family, number> = {
    authentication: 0,
    'entity-management': 0,
    datastore: 0,
    api: 0,
  };
  const outcomes = { success: 0, refused: 0, failure: 0 };
  const actors = new Map<
    string,
    { type: string; id: string; entries: number; notSuccessful: number }
  >();
  const tallies = {
    signIns: new Map<string, number>(),
    locked: new Map<string, number>(),
    refused: new Map<string, number>(),
    exported: new Map<string, number>(),
    conflicts: new Map<string, number>(),
    expunged: new Map<string, number>(),
  };
  let entries = 0;

  return {
    add(entry: LedgerEntry): void {
      const { actor, action, object, outcome } = entry;
      entries += 1;
      families[familyOf(action)] += 1;
      outcomes[outcome] += 1;
      const name = `${actor.type}/${actor.id}`;
      const one = actors.get(name) ?? {
        type: actor.type,
        id: actor.id,
        entries: 0,
        notSuccessful: 0,
      };
      one.entries += 1;
      one.notSuccessful += outcome === 'success' ? 0 : 1;
      actors.set(name, one);
      if (action === 'gateway.session.refused') add(tallies.signIns, object.id);
      if (action === 'gateway.user.locked') add(tallies.locked, object.id);
      if (outcome === 'refused') add(tallies.refused, actor.id);
      if (action === 'ledger.entry.exported') add(tallies.exported, actor.id);
      if (action === 'ledger.event.conflicted') add(tallies.conflicts, object.id);
      if (DESTRUCTIONS.includes(action)) add(tallies.expunged, object.id);
    },
    result(): Counted {
      const all = [...actors.values()].toSorted((one, other) => other.entries - one.entries);
      return {
        entries,
        byFamily: families,
        byOutcome: outcomes,
        actors: all.slice(0, ACTORS_SHOWN_MAX),
        actorsTotal: all.length,
        refusals: total(tallies.refused),
        signInFailures: total(tallies.signIns),
        lockouts: total(tallies.locked),
        exports: total(tallies.exported),
        anomalies: [
          ...anomaliesOf('failed-sign-ins', tallies.signIns, FAILED_SIGN_INS_MIN),
          ...anomaliesOf('account-locked', tallies.locked, 1),
          ...anomaliesOf('many-refusals', tallies.refused, REFUSALS_MIN),
          ...anomaliesOf('many-exports', tallies.exported, EXPORTS_MIN),
          ...anomaliesOf('conflicting-event', tallies.conflicts, 1),
          ...anomaliesOf('values-expunged', tallies.expunged, 1),
        ].slice(0, ANOMALIES_SHOWN_MAX),
      };
    },
  };
}

function anomaliesOf(rule: AnomalyRule, tally: Tally, least: number): Counted['anomalies'] {
  return [...tally]
    .filter(([, count]) => count >= least)
    .toSorted(([, one], [, other]) => other - one)
    .map(([about, count]) => ({ rule, statement: anomalyRules[rule], about, count }));
}

function add(tally: Tally, key: string): void {
  tally.set(key, (tally.get(key) ?? 0) + 1);
}

function total(tally: Tally): number {
  return [...tally.values()].reduce((sum, each) => sum + each, 0);
}
