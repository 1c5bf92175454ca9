/**
 * `npm run mutation -- [file, file:from-to or folder ...]`
 *
 * Changes one thing at a time in each of these files, by default in all of judged.ts, and runs the
 * tests that are about it. Fails when a file has less noticed than scores.ts asks. `--table` runs
 * nothing and prints what was found last.
 */
import { readFileSync } from 'node:fs';
import { judged } from './judged.ts';
import type { Status, Verdict } from './messages.ts';
import { type Mutant, mutated } from './mutants.ts';
import { openResults, readResults, treeHash } from './results.ts';
import { isEnough, type Score, scoreOf, tableOf } from './scores.ts';
import { tryAll } from './trial.ts';
import { type Wanted, wantedIn } from './wanted.ts';

const args = process.argv.slice(2);
const given = args.filter((each) => !each.startsWith('-'));
const wanted = given.length === 0 ? wantedIn('') : given.flatMap(wantedIn);
const tree = treeHash();
const print = (text: string) => process.stdout.write(`${text}\n`);

const broken: string[] = [];
for (const each of args.includes('--table') ? [] : wanted) {
  // One file whose tests fail is no reason to leave out the others.
  await mutate(each).catch((error: unknown) => broken.push(`${error}`));
}
const scores = [...new Set(wanted.map(({ file }) => file))].flatMap(found);
print(`\n${tableOf(scores)}`);
for (const each of broken) print(each);
process.exitCode = broken.length === 0 && scores.every(isEnough) ? 0 : 1;

async function mutate({ file, from, to }: Wanted): Promise<void> {
  const begin = performance.now();
  const { source, mutants } = await mutated(file, readFileSync(file, 'utf8'));
  const results = openResults(file, tree);
  const open = mutants.filter(
    ({ id, line }) => from <= line && line <= to && !results.verdicts.has(id),
  );
  const known = new Map(mutants.map((each) => [each.id, each]));
  const job = { file, source, suites: judged.get(file) ?? [], wanted: open.map(({ id }) => id) };
  print(`\n${file}: ${open.length} of ${mutants.length} changes`);
  await tryAll(job, (verdict) => {
    results.add(verdict);
    const mutant = known.get(verdict.id);
    if (mutant !== undefined && isToldOf(verdict)) print(lineOf(file, mutant, verdict));
  });
  print(`${Math.round((performance.now() - begin) / 1000)} s`);
}

function isToldOf({ status }: Verdict): boolean {
  return status !== 'Killed' && status !== 'Ignored';
}

function lineOf(file: string, mutant: Mutant, { status, by }: Verdict): string {
  const change = [mutant.original, mutant.replacement].map((text) =>
    text.replaceAll(/\s+/g, ' ').slice(0, 90),
  );
  const place = `${file}:${mutant.line}:${mutant.column}`;
  const test = by === undefined ? '' : `  (${by})`;
  return `${status.toLowerCase()} ${place} ${mutant.mutator}\n  ${change.join('  =>  ')}${test}`;
}

function found(file: string): Score[] {
  const statuses: Status[] = [...readResults(file).values()].map(({ status }) => status);
  const score = scoreOf(file, statuses);
  return score === undefined ? [] : [score];
}
