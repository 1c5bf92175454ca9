/**
 * `npm run mutation -- [file, file:from-to or folder ...] [options of Stryker]`
 *
 * Changes one thing at a time in each of these files, by default in all of judged.ts, and runs the
 * tests that are about it. Fails when a file has less noticed than scores.ts asks. `--table` runs
 * nothing and prints what was found last.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { judged } from './judged.ts';
import { mutatedIn } from './mutated.ts';
import { isEnough, type Score, scoreOf, tableOf } from './scores.ts';

const report = z.object({
  files: z.record(z.string(), z.object({ mutants: z.array(z.object({ status: z.string() })) })),
});

const args = process.argv.slice(2);
const options = args.filter((each) => each.startsWith('-') && each !== '--table');
const wanted = args.filter((each) => !each.startsWith('-'));
const ranges = wanted.length === 0 ? [...judged.keys()] : wanted.flatMap(rangesIn);
const broken = args.includes('--table') ? [] : ranges.filter((range) => !mutate(range));
const scores = [...new Set(ranges.map((range) => range.split(':')[0] ?? range))].flatMap(found);

process.stdout.write(`\n${tableOf(scores)}\n`);
for (const range of broken) process.stdout.write(`${range}: the run did not come to its end\n`);
process.exitCode = broken.length === 0 && scores.every(isEnough) ? 0 : 1;

function rangesIn(given: string): string[] {
  if (given.includes('.ts')) return [given];
  const inside = [...judged.keys()].filter((file) => file.startsWith(given));
  if (inside.length === 0) throw new Error(`nothing in ${given} is in test/mutation/judged.ts`);
  return inside;
}

/** False when there is no result. */
function mutate(range: string): boolean {
  mutatedIn(range);
  const env = { ...process.env, MUTATED: range };
  const command = ['stryker', 'run', 'test/mutation/stryker.config.ts', ...options];
  return spawnSync('npx', command, { stdio: 'inherit', env }).status === 0;
}

function found(file: string): Score[] {
  const { results } = mutatedIn(file);
  if (!existsSync(`${results}.json`)) return [];
  const { files } = report.parse(JSON.parse(readFileSync(`${results}.json`, 'utf8')));
  const score = scoreOf(file, files[file]?.mutants.map(({ status }) => status) ?? []);
  return score === undefined ? [] : [score];
}
