/** A purge among other work, with faults and crashes drawn from a seed. */
import { expect } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { readBoundary } from '#services/ledger/log/store.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { type Chance, chooseFrom, type MortalProcess, openChance, openMortal } from './crash.ts';
import { type Fate, faulty } from './faulty.ts';
import { eventsOf, type Fixture, openFixture } from './fixture.ts';
import { commitPurge, remove } from './purged-log.ts';

const PAGE = 256;
const KEPT = 2 * PAGE;
const ROUNDS = 24;
const OPENINGS_MAX = 200;

interface Run {
  readonly fixture: Fixture;
  readonly chance: Chance;
  /** Of entries that go and of one page that stays, by their number. */
  readonly old: readonly AuditEvent[];
  /** What was acknowledged since then. */
  readonly acknowledged: Map<number, string>;
}

/**
 * Processes die and stores fail while one purges, others append, and old events come again. Nothing
 * acknowledged is lost, no removed entry comes back, and the log verifies at every moment.
 */
export async function purgeAmongOthers(seed: number): Promise<void> {
  await using fixture = await openFixture();
  const chance = openChance(seed);
  const old = eventsOf(fixture.tenant, 3 * PAGE + 5);
  const run: Run = { fixture, chance, old, acknowledged: new Map() };
  await begin(run);
  for (let round = 0; round < ROUNDS; round += 1) {
    const live = await openSome(run);
    const work = chooseFrom(chance, [append, appendAgain, purge, purge, sign]);
    await Promise.race([work(run, live).catch(assertNoFinding), live.died]);
    if (chance() < 0.1) expect((await fixture.verify()).breaks).toEqual([]);
  }
  await finish(run);
}

/** The old entries, in blocks that end with the pages. */
async function begin({ fixture, chance, old }: Run): Promise<void> {
  await using log = await fixture.open();
  const cut = 1 + Math.floor(chance() * (PAGE - 1));
  const ends = [PAGE, PAGE + cut, KEPT, 3 * PAGE, old.length];
  for (const [index, end] of ends.entries()) await log.append(old.slice(ends[index - 1] ?? 0, end));
  await log.checkpoint(log.size());
}

async function openSome({ fixture, chance }: Run): Promise<MortalProcess> {
  for (let tries = 0; tries < OPENINGS_MAX; tries += 1) {
    const odds = { fault: chooseFrom(chance, [0, 0.02, 0.1]), callsMax: 120 };
    const opened = await openMortal(fixture, chance, odds);
    if (opened !== undefined) return opened;
  }
  throw new Error('no process could be opened');
}

async function append({ fixture, chance, acknowledged }: Run, { log }: MortalProcess) {
  const events = eventsOf(fixture.tenant, 1 + Math.floor(chance() * 30));
  const receipts = await log.append(events);
  for (const [index, { seq }] of receipts.entries()) acknowledged.set(seq, events[index]?.id ?? '');
}

async function appendAgain({ chance, old }: Run, { log }: MortalProcess): Promise<void> {
  const first = Math.floor(chance() * old.length);
  const receipts = await log.append(old.slice(first, first + 5));
  for (const [index, receipt] of receipts.entries()) {
    expect(receipt).toMatchObject({ status: 'repeated', seq: first + index });
  }
}

async function purge({ fixture, chance }: Run, { log }: MortalProcess): Promise<void> {
  const boundary = await readBoundary(fixture.tables.forTenant(fixture.tenant));
  if (boundary === undefined) await commitPurge(fixture, log, KEPT);
  else await remove(fixture, failing(fixture.tables, chance));
}

async function sign(_: Run, { log }: MortalProcess): Promise<void> {
  await log.checkpoint(log.size());
}

function failing(tables: Tables, chance: Chance): Tables {
  const fates = ['ok', 'ok', 'unapplied', 'applied', 'late'] as const satisfies readonly Fate[];
  return faulty(tables, () => chooseFrom(chance, fates));
}

/** Faults of stores end a piece of work; what does not hold ends the test. */
function assertNoFinding(error: unknown): void {
  if (error instanceof Error && error.name === 'AssertionError') throw error;
}

async function finish({ fixture, old, acknowledged }: Run): Promise<void> {
  // What is still on its way arrives before the end is looked at.
  await new Promise((resolve) => setTimeout(resolve, 20));
  await using log = await fixture.open();
  const isPurged = log.firstKept() > 0;
  if (!isPurged) await commitPurge(fixture, log, KEPT);
  expect(await remove(fixture)).toBe(true);
  await log.checkpoint(log.size());
  expect(await fixture.verify()).toMatchObject({ breaks: [], firstKept: KEPT });
  const stored = await Array.fromAsync(log.blocks.range(KEPT, log.size()));
  const ids = stored.map(({ bytes }): string => JSON.parse(bytes.toString()).id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [seq, id] of acknowledged) expect(ids[seq - KEPT]).toBe(id);
  const gone = new Set(old.slice(0, KEPT).map(({ id }) => id));
  expect(ids.filter((id) => gone.has(id))).toEqual([]);
  const again = await log.append(old.slice(KEPT - 3, KEPT + 3));
  expect(again.map(({ status }) => status)).toEqual(Array(6).fill('repeated'));
}
