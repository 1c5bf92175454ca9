import { existsSync, globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { judged } from '#test/mutation/judged.ts';
import { mutatedIn } from '#test/mutation/mutated.ts';
import { isEnough, scoreOf, tableOf } from '#test/mutation/scores.ts';

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

test('lines of a file are judged as the file is; a file that is not judged is named', () => {
  const whole = mutatedIn('services/ledger/chain/head.ts');
  const lines = mutatedIn('services/ledger/chain/head.ts:10-80');
  expect(lines).toEqual({ ...whole, range: 'services/ledger/chain/head.ts:10-80' });
  expect(() => mutatedIn('services/all.ts')).toThrow(/services\/all\.ts .*judged\.ts/);
});
