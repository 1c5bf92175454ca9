/**
 * Judges one file, as a process of its own that run.ts starts and watches.
 *
 * 1. The file is loaded with all of its changes, each behind a switch that is off.
 * 2. Survey: its suites are run without a change, twice: in their order, for what reaches what; and
 *    in that of their times, as the changes are tried.
 * 3. Each change is switched on, and the tests that reach it are run, the quickest first, until one
 *    fails. Nothing is started anew between changes.
 * 4. A test that does not end is left behind. Where it is still at work, this process ends, and
 *    another one goes on.
 */
import { registerHooks } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import fc from 'fast-check';
import type { Job, Message, Survey, Verdict } from './messages.ts';
import { type Case, closeSuite, loadSuite, prepare, type Suite } from './suites.ts';

/** A test that takes longer than that many times what it took in the survey, and a second, hangs. */
const SLOWER_MAX = 5;
const SPARE_MS = 1_000;
/** A change that is reached more often than in the survey by that is in an endless loop. */
const HITS_FACTOR_MAX = 10;
const HITS_SPARE = 1_000;
/** Of that time a process that only waits is idle. */
const LOOK_MS = 100;
const BUSY_SHARE = 0.5;

/** What the changed file reads and counts; the names are Stryker's. */
interface Switches {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: {
    static: Record<string, number>;
    perTest: Record<string, Record<string, number>>;
  };
}

class Hangs extends Error {}

const switches: Switches = {};
Object.assign(globalThis, { __stryker__: switches });
// The same data each time, and no search for the smallest one that fails.
fc.configureGlobal({ seed: 1, endOnFailure: true });
// What a test left behind fails no other one.
for (const event of ['unhandledRejection', 'uncaughtException']) process.on(event, () => undefined);

process.once('message', async (job: Job) => {
  try {
    await judge(job);
  } catch (error) {
    process.stderr.write(`${inspect(error)}\n`);
    process.exit(1);
  }
  process.exit(0);
});

function tell(message: Message): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

async function judge(job: Job): Promise<void> {
  const url = load(job);
  await import(url);
  const constant = Object.keys(switches.mutantCoverage?.static ?? {});
  const suites: Suite[] = [];
  const loading: Record<string, number> = {};
  for (const path of job.suites) {
    switches.currentTestId = path;
    const begin = performance.now();
    suites.push(await loadSuite(path, urlOf(path)));
    loading[path] = performance.now() - begin;
  }
  const survey = job.survey ?? (await surveyOf(suites, { constant, loading }));
  if (job.survey === undefined) await tell({ kind: 'survey', survey });
  for (const id of job.wanted) {
    const verdict = await tryOut(id, suites, survey);
    await tell({ kind: 'verdict', verdict });
    if (verdict.status === 'Timeout' && (await isBusy())) break;
  }
  await tell({ kind: 'end' });
}

const urlOf = (path: string) => pathToFileURL(path).href;

/** From here on the file is the changed one, and the suites find suites.ts in place of vitest. */
function load({ file, source, suites }: Job): string {
  const url = urlOf(file);
  const own = new URL('suites.ts', import.meta.url).href;
  const judging = new Set(suites.map(urlOf));
  registerHooks({
    resolve(specifier, context, next) {
      const from = context.parentURL?.split('?')[0] ?? '';
      if (specifier === 'vitest' && judging.has(from)) return { url: own, shortCircuit: true };
      return next(specifier, context);
    },
    load(each, context, next) {
      if (each !== url) return next(each, context);
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
  return url;
}

async function surveyOf(
  suites: readonly Suite[],
  { constant, loading }: { constant: readonly string[]; loading: Survey['times'] },
): Promise<Survey> {
  const cases = suites.flatMap((suite) => suite.cases);
  const first = { ...loading };
  for (const each of cases) await measure(each, first);
  switches.currentTestId = undefined;
  const reached: Record<string, Record<string, number>> = {};
  for (const [place, hits] of Object.entries(switches.mutantCoverage?.perTest ?? {})) {
    for (const [id, count] of Object.entries(hits)) {
      reached[id] = { ...reached[id], [place]: count };
    }
  }
  const second = { ...first };
  for (const each of quickestFirst(cases, first)) await measure(each, second);
  return { times: second, reached, constant };
}

async function measure(each: Case, times: Record<string, number>): Promise<void> {
  const { path } = each.block.suite;
  switches.currentTestId = path;
  const begin = performance.now();
  await prepare(each.block);
  const prepared = performance.now();
  switches.currentTestId = each.id;
  try {
    await each.body();
  } catch (cause) {
    throw new Error(`fails without any change: ${each.id} ${each.name}`, { cause });
  }
  times[path] = (times[path] ?? 0) + prepared - begin;
  times[each.id] = performance.now() - prepared;
}

function quickestFirst(cases: readonly Case[], times: Survey['times']): Case[] {
  const timeOf = ({ id }: Case) => times[id] ?? 0;
  return cases.toSorted((one, other) => timeOf(one) - timeOf(other));
}

async function tryOut(id: string, suites: readonly Suite[], survey: Survey): Promise<Verdict> {
  if (survey.reached[id] === undefined) {
    return { id, status: survey.constant.includes(id) ? 'Ignored' : 'NoCoverage' };
  }
  const copies: Suite[] = [];
  switches.activeMutant = id;
  try {
    const cases: Case[] = [];
    for (const suite of suites) cases.push(...(await casesFor(id, suite, { survey, copies })));
    for (const each of quickestFirst(cases, survey.times)) {
      const status = await outcome(id, each, survey);
      if (status !== undefined) return { id, status, by: `${each.id} ${each.name}` };
    }
    return { id, status: 'Survived' };
  } catch (error) {
    return { id, status: error instanceof Hangs ? 'Timeout' : 'Killed', by: 'loading a suite' };
  } finally {
    switches.activeMutant = undefined;
    for (const copy of copies) await closeSuite(copy);
  }
}

/** The tests of a suite that reach the change: all, where the suite does while it is loaded. */
async function casesFor(
  id: string,
  suite: Suite,
  { survey, copies }: { readonly survey: Survey; readonly copies: Suite[] },
): Promise<readonly Case[]> {
  const places = survey.reached[id] ?? {};
  if (places[suite.path] === undefined) {
    return suite.cases.filter((each) => places[each.id] !== undefined);
  }
  // What it makes then must be made by the changed file.
  const limitMs = limit(id, suite.path, survey);
  await tell({ kind: 'trying', id, limitMs });
  const url = `${urlOf(suite.path)}?change=${id}`;
  const copy = await within(limitMs, () => loadSuite(suite.path, url));
  copies.push(copy);
  return copy.cases;
}

/** `undefined` when the test passes. */
async function outcome(
  id: string,
  each: Case,
  survey: Survey,
): Promise<'Killed' | 'Timeout' | undefined> {
  try {
    if (each.block.prepared === undefined) {
      const hooksMs = limit(id, each.block.suite.path, survey);
      await tell({ kind: 'trying', id, limitMs: hooksMs });
      await within(hooksMs, () => prepare(each.block));
    }
    const limitMs = limit(id, each.id, survey);
    await tell({ kind: 'trying', id, limitMs });
    await within(limitMs, each.body);
    return isEndless() ? 'Killed' : undefined;
  } catch (error) {
    return error instanceof Hangs ? 'Timeout' : 'Killed';
  }
}

/** Milliseconds; from here on the file itself ends a loop that goes through the change. */
function limit(id: string, place: string, { times, reached }: Survey): number {
  switches.hitCount = 0;
  switches.hitLimit = HITS_SPARE + HITS_FACTOR_MAX * (reached[id]?.[place] ?? 0);
  return SPARE_MS + SLOWER_MAX * (times[place] ?? 0);
}

function isEndless(): boolean {
  const { hitCount = 0, hitLimit = 0 } = switches;
  return hitCount > hitLimit;
}

async function isBusy(): Promise<boolean> {
  const before = performance.eventLoopUtilization();
  await wait(LOOK_MS);
  return performance.eventLoopUtilization(before).utilization > BUSY_SHARE;
}

async function within<T>(limitMs: number, body: () => T): Promise<Awaited<T>> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Hangs()), limitMs);
  try {
    return await Promise.race([body(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
