/**
 * `npm run check`: everything that must hold before a change is kept. Runs each step to its end,
 * so that one run shows all that is wrong, and closes with `N passed, N failed`.
 *
 * 1. types    the compiler, which only checks
 * 2. lint     Biome
 * 3. load     every entry point by Node itself: what type stripping cannot run shows here
 * 4. test     the everyday suite, by the command that the README gives
 * 5. slow     with CI set: the rest
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Tally {
  passed: number;
  failed: number;
}

const entryPoints = [
  'services/all.ts',
  'services/cad-ingest/main.ts',
  'services/core-records/main.ts',
  'services/files/main.ts',
  'services/gateway/main.ts',
  'services/ledger/main.ts',
];

const folder = mkdtempSync(join(tmpdir(), 'watchdesk-check-'));
const tally: Tally = { passed: 0, failed: 0 };

count(run('types', 'npm', ['run', '--silent', 'types']));
count(run('lint', 'npm', ['run', '--silent', 'lint']));
for (const file of entryPoints) {
  const program = `await import(${JSON.stringify(new URL(`../${file}`, import.meta.url).href)})`;
  count(run(`load ${file}`, process.execPath, ['--input-type=module', '-e', program]));
}
count(run('load services/cli.ts', process.execPath, ['services/cli.ts', '--help']));
countTests('test', 'test');
if (process.env.CI) countTests('slow tests', 'test:slow');

rmSync(folder, { recursive: true });
process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed\n`);
process.exitCode = tally.failed === 0 ? 0 : 1;

function run(title: string, command: string, args: readonly string[]): number {
  process.stdout.write(`\n== ${title}\n`);
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
}

function count(exitCode: number): void {
  if (exitCode === 0) tally.passed += 1;
  else tally.failed += 1;
}

/** Counts the tests themselves; a suite that could not even be collected is a failure too. */
function countTests(title: string, script: string): void {
  const report = join(folder, `${script.replace(':', '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const exitCode = run(title, 'npm', ['run', '--silent', script, '--', ...reporters]);
  const { numPassedTests, numFailedTests } = reportIn(report);
  tally.passed += numPassedTests;
  tally.failed += exitCode === 0 ? numFailedTests : Math.max(numFailedTests, 1);
}

function reportIn(file: string): Record<'numPassedTests' | 'numFailedTests', number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    process.stdout.write('no report was written\n');
    return { numPassedTests: 0, numFailedTests: 1 };
  }
}
