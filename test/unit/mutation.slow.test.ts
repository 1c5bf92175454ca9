import { existsSync, globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { judged } from '#test/mutation/judged.ts';
import type { Verdict } from '#test/mutation/messages.ts';
import { mutated } from '#test/mutation/mutants.ts';
import { isEnough, scoreOf, tableOf } from '#test/mutation/scores.ts';
import { tryAll } from '#test/mutation/trial.ts';
import { wantedIn } from '#test/mutation/wanted.ts';

const times = (count: number, status: string) => Array.from({ length: count }, () => status);

test('a change counts as noticed when a test fails or never ends; one that no test reaches does not', () => {
  const statuses = ['Killed', 'Timeout', 'Survived', 'NoCoverage', 'Ignored', 'CompileError'];
  expect(scoreOf('a.ts', statuses)).toEqual({
    file: 'a.ts',
    noticed: 2,
    survived: 2,
    percent: 50,
  });
  expect(scoreOf('a.ts', ['Ignored'])).toBeUndefined();
});

test('85 % of a file is enough, a change less is not, and its line says so', () => {
  const enough = scoreOf('services/ledger/chain/a.ts', [
    ...times(85, 'Killed'),
    ...times(15, 'Survived'),
  ]);
  const less = scoreOf('services/ledger/chain/b.ts', [
    ...times(8_499, 'Killed'),
    ...times(1_501, 'Survived'),
  ]);
  if (enough === undefined || less === undefined) throw new Error('no scores');
  expect([enough, less].map(isEnough)).toEqual([true, false]);
  expect(tableOf([enough, less]).split('\n').slice(2)).toEqual([
    '| chain/a | 85 | 15 | 85.0 % |',
    '| chain/b | 8499 | 1501 | 84.9 % below 85 % |',
  ]);
});

test('each file of the append path and of the portable verifier is judged, by tests that there are', () => {
  const wanted = globSync(['services/ledger/append/*.ts', 'services/ledger/portable/*.ts']);
  expect([...judged.keys()]).toEqual(expect.arrayContaining(wanted));
  for (const [file, suites] of judged) {
    expect(
      [file, ...suites].filter((path) => !existsSync(path)),
      file,
    ).toEqual([]);
    expect(suites.length).toBeGreaterThan(0);
  }
});

test('a word of the command names a file, lines of it or a folder; anything else is refused', () => {
  const file = 'services/ledger/chain/head.ts';
  expect(wantedIn(file)).toEqual([{ file, from: 1, to: Number.POSITIVE_INFINITY }]);
  expect(wantedIn(`${file}:10-80`)).toEqual([{ file, from: 10, to: 80 }]);
  expect(wantedIn(`${file}:10`)).toEqual([{ file, from: 10, to: 10 }]);
  const folder = wantedIn('services/ledger/append').map((each) => each.file);
  expect(folder).toEqual(globSync('services/ledger/append/*.ts').toSorted());
  expect(wantedIn('')).toHaveLength(judged.size);
  expect(() => wantedIn('services/all.ts')).toThrow(/services\/all\.ts .*judged\.ts/);
});

test('each change has its verdict, also one that never answers, and one that never returns', async () => {
  const file = 'test/mutation/sample.ts';
  const { source, mutants } = await mutated(file, readFileSync(file, 'utf8'));
  const found = new Map<string, Verdict>();
  const suites = ['test/mutation/sample.test.ts'];
  const wanted = mutants.map(({ id }) => id);
  await tryAll({ file, source, suites, wanted }, (verdict) => found.set(verdict.id, verdict));
  expect([...found.keys()].toSorted()).toEqual(wanted.toSorted());
  const statusOf = (original: string, replacement: string) => {
    const mutant = mutants.find(
      (each) => each.original === original && each.replacement === replacement,
    );
    return mutant && found.get(mutant.id)?.status;
  };
  expect(statusOf('10 * 10', '10 / 10')).toBe('Ignored');
  expect(statusOf('value < LIMIT', 'value >= LIMIT')).toBe('Killed');
  expect(statusOf('value < LIMIT', 'value <= LIMIT')).toBe('Survived');
  expect(statusOf('count > 0', 'false')).toBe('Timeout');
  expect(statusOf('at < count', 'at <= count')).toBe('Killed');
  expect(statusOf("question !== ''", 'false')).toBe('Timeout');
  expect(statusOf('1 + 1', '1 - 1')).toBe('NoCoverage');
});

test('tests that fail without any change judge nothing', async () => {
  const file = 'test/mutation/sample.ts';
  const { source, mutants } = await mutated(file, 'export const LIMIT = 1 + 1;');
  const suites = ['test/mutation/sample.test.ts'];
  const trial = tryAll({ file, source, suites, wanted: mutants.map(({ id }) => id) }, () => {
    throw new Error('a verdict');
  });
  await expect(trial).rejects.toThrow('without any change');
});
