/**
 * `npm run check`: everything that must hold before a change is kept. Runs each step to its end,
 * so that one run shows all that is wrong, and closes with what failed and `N passed, N failed`.
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
import { join, relative } from 'node:path';

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
/** Named again at the end: the output of thousands of tests lies between. */
const failures: string[] = [];

count('types', 'npm', ['run', '--silent', 'types']);
count('lint', 'npm', ['run', '--silent', 'lint']);
for (const file of entryPoints) {
  const program = `await import(${JSON.stringify(new URL(`../${file}`, import.meta.url).href)})`;
  count(`load ${file}`, process.execPath, ['--input-type=module', '-e', program]);
}
count('load services/cli.ts', process.execPath, ['services/cli.ts', '--help']);
countTests('test', 'test');
if (process.env.CI) countTests('slow tests', 'test:slow');

rmSync(folder, { recursive: true });
if (failures.length > 0) process.stdout.write(`\n== failed\n${failures.join('\n')}\n`);
process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed\n`);
process.exitCode = tally.failed === 0 ? 0 : 1;

function run(title: string, command: string, args: readonly string[]): number {
  process.stdout.write(`\n== ${title}\n`);
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
}

function count(title: string, command: string, args: readonly string[]): void {
  if (run(title, command, args) === 0) {
    tally.passed += 1;
  } else {
    tally.failed += 1;
    failures.push(title);
  }
}

/** Counts the tests themselves; a suite that could not even be collected is a failure too. */
function countTests(title: string, script: string): void {
  const report = join(folder, `${script.replace(':', '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const exitCode = run(title, 'npm', ['run', '--silent', script, '--', ...reporters]);
  const { numPassedTests, numFailedTests, testResults } = reportIn(report);
  tally.passed += numPassedTests;
  tally.failed += exitCode === 0 ? numFailedTests : Math.max(numFailedTests, 1);
  const named = testResults.flatMap(failuresOf);
  failures.push(...named);
  if (exitCode !== 0 && named.length === 0) failures.push(`${title}: ended with ${exitCode}`);
}

/** What vitest's JSON reporter says of a file. */
interface FileResult {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages: readonly string[] | null;
  }[];
}

function failuresOf({ name, status, message, assertionResults }: FileResult): string[] {
  const file = relative('.', name);
  const tests = assertionResults
    .filter((each) => each.status === 'failed')
    .map((each) => `${file}: ${each.fullName}: ${firstLine(each.failureMessages?.[0])}`);
  return tests.length > 0 || status !== 'failed' ? tests : [`${file}: ${firstLine(message)}`];
}

function firstLine(text = ''): string {
  return text.split('\n', 1)[0] ?? '';
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly FileResult[];
}

function reportIn(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    process.stdout.write('no report was written\n');
    return { numPassedTests: 0, numFailedTests: 1, testResults: [] };
  }
}
