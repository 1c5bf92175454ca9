/** Sends what a centre sent, doubled and shuffled, and compares what stands in the end with the truth. */
import { hash, randomUUIDv7 } from 'node:crypto';
import { expect } from 'vitest';
import type { UpdatePolicy } from '#contracts/cad-update-policy.ts';
import { type Incident, listIncidents } from '#contracts/records/incident.ts';
import { readPages } from '#services/cad-ingest/parse/read-pages.ts';
import { jobCaller } from '#shared/client.ts';
import { asProblem } from '#shared/problem.ts';
import { person } from '#test/support/host.ts';
import { proposal } from '#test/support/proposals.ts';
import type { Proposals } from '#test/support/propose.ts';
import { randomOf } from '../generator/random.ts';
import {
  inventIncidents,
  type SentPage,
  type Style,
  type TrueIncident,
  ZONE,
} from './true-incidents.ts';

const HOUR = 60 * 60_000;
const updating = ['number', 'location', 'locationAndNature', 'numberElseLocation'] as const;
const actions = ['update', 'discard', 'passthrough'] as const;
export const policies: readonly UpdatePolicy[] = actions.flatMap((action) =>
  updating.map((match) => ({ action, match })),
);

type Proposed = ReturnType<typeof proposal>;

/** A department of its own, whose centre sends one evening's mail. */
export async function runSequence(
  proposals: Proposals,
  about: { readonly policy: UpdatePolicy; readonly seed: string },
): Promise<void> {
  const { policy, seed } = about;
  const random = randomOf(`${seed} ${policy.action} ${policy.match}`);
  const numbered = policy.match === 'number' || random.chance(0.5);
  const style: Style = { numbered, clock: random.pick(['call', 'page', 'none'] as const) };
  const truth = inventIncidents(random, { style, policy });
  const tenant = randomUUIDv7();
  const sourceId = randomUUIDv7();
  const mails = truth.flatMap(({ sent }) => sent).map((page) => proposalOf(page, policy, sourceId));
  const doubled = mails.filter(() => random.chance(0.3));
  const line = random.shuffle([...mails, ...doubled]);
  const job = jobCaller('cad-ingest', { tenant, timeZone: ZONE });
  const consume = async () => {
    for (let next = line.pop(); next !== undefined; next = line.pop()) {
      await insist(proposals, next, job);
    }
  };
  await Promise.all([consume(), consume()]);
  const supervisor = person({ tenant, roles: ['supervisor'] });
  const { items } = (await proposals.client.call(listIncidents, {}, supervisor)).body;
  compare({
    truth,
    found: items as Incident[],
    policy,
    style,
    what: JSON.stringify({ seed, policy, style }),
  });
}

/** As the queue does: a lost race comes again. */
async function insist(proposals: Proposals, body: Proposed, job: Parameters<Proposals['send']>[1]) {
  for (;;) {
    try {
      return await proposals.send(body, job);
    } catch (error) {
      if (asProblem(error).code !== 'conflict') throw error;
    }
  }
}

function proposalOf(page: SentPage, updates: UpdatePolicy, sourceId: string): Proposed {
  const receivedAt = new Date(page.receivedAt).toISOString();
  const [draft, ...more] = readPages({ body: page.body, subject: page.subject, receivedAt }, []);
  expect(more).toEqual([]);
  expect(draft?.kind === 'times').toBe(page.kind === 'times');
  const workId = hash('sha256', randomUUIDv7());
  return proposal({ draft: draft ?? {}, receivedAt, sourceId, workId, updates });
}

interface Compared {
  readonly truth: readonly TrueIncident[];
  readonly found: readonly Incident[];
  readonly policy: UpdatePolicy;
  readonly style: Style;
  /** Names the seed on failure. */
  readonly what: string;
}

function compare({ truth, found, policy, style, what }: Compared): void {
  const expected = policy.action === 'passthrough' ? truth.flatMap(pagesOf) : truth;
  expect(found.length, what).toBe(expected.length);
  for (const incident of truth) {
    // Streets are not used twice, but for a 9 in front of a corrected number.
    const own = found.filter(({ address }) =>
      pagesOf(incident).some((page) => page.address === address),
    );
    expect(own.length, what).toBe(policy.action === 'passthrough' ? pagesOf(incident).length : 1);
    compareTimes(incident, own, what);
    expect(
      own.filter(({ needsReview }) => needsReview),
      what,
    ).toEqual([]);
    expect(
      own.some(({ cancelledAt }) => cancelledAt !== undefined),
      what,
    ).toBe(incident.isCancelled && policy.action !== 'discard');
    const [only] = own;
    if (policy.action !== 'passthrough' && only !== undefined) {
      compareFields({ incident, only, policy, style, what });
    }
  }
}

function compareFields(about: {
  readonly incident: TrueIncident;
  readonly only: Incident;
  readonly policy: UpdatePolicy;
  readonly style: Style;
  readonly what: string;
}): void {
  const { incident, only, policy, style, what } = about;
  const pages = pagesOf(incident);
  const counts = policy.action === 'discard' ? pages[0] : pages.at(-1);
  expect({ nature: only.nature, address: only.address, number: only.number }, what).toEqual({
    nature: counts?.nature,
    address: counts?.address,
    number: incident.number,
  });
  expect(only.units?.toSorted(), what).toEqual([...incident.times.keys()].toSorted());
  const at = style.clock === 'none' ? undefined : new Date(incident.at).toISOString();
  if (style.clock !== 'none') expect(only.timeline?.at, what).toBe(at);
  const heard =
    policy.action === 'discard' ? incident.sent.length - pages.length + 1 : incident.sent.length;
  expect(only.messageIds.length, what).toBe(heard);
}

function pagesOf({ sent }: TrueIncident): readonly SentPage[] {
  return sent.filter(({ kind }) => kind === 'page');
}

/** A clock that was shown twice that night may be either of the two, where it says so. */
function compareTimes(incident: TrueIncident, own: readonly Incident[], what: string): void {
  const doubtful = new Set(own.flatMap(({ timeline }) => timeline?.twice ?? []));
  const [found, wanted] = [timesIn(own), trueTimes(incident)];
  for (const [unit, times] of Object.entries(wanted)) {
    for (const [status, at] of Object.entries<string>(times)) {
      const read = found[unit]?.[status];
      const apart = Math.abs(Date.parse(read ?? '') - Date.parse(at));
      if (!doubtful.has(`${unit} ${status}`) || apart !== HOUR) expect(read, what).toBe(at);
    }
  }
  expect(Object.keys(found).toSorted(), what).toEqual(Object.keys(wanted).toSorted());
}

function timesIn(
  incidents: readonly Incident[],
): Record<string, Record<string, string | undefined>> {
  const rows = incidents.flatMap(({ timeline }) => timeline?.units ?? []);
  return Object.fromEntries(rows.map(({ unit = '', ...times }) => [unit, times]));
}

function trueTimes({ times }: TrueIncident): Record<string, Record<string, string>> {
  const iso = (clocks: object) =>
    Object.entries(clocks).map(([status, at]) => [status, new Date(at).toISOString()]);
  return Object.fromEntries(
    [...times].map(([unit, each]) => [unit, Object.fromEntries(iso(each))]),
  );
}
