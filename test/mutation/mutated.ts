import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judged } from './judged.ts';

/** Outside of the tree: the copy that is changed, and what was found of each file. */
const scratch = join(tmpdir(), 'watchdesk-mutation');

export interface Mutated {
  /** The file, perhaps with lines of it (`file.ts:10-80`). */
  readonly range: string;
  readonly suites: readonly string[];
  /** Path of its results, without an ending. */
  readonly results: string;
  readonly sandbox: string;
}

export const mutatedIn = (range: string): Mutated => {
  const [file = ''] = range.split(':');
  const suites = judged.get(file);
  if (suites === undefined) throw new Error(`${file} is not in test/mutation/judged.ts`);
  return {
    range,
    suites,
    results: join(scratch, file.replaceAll('/', '-')),
    sandbox: join(scratch, 'sandbox'),
  };
};

/** What this process is started for; Stryker hands its environment on to the tests. */
export function mutated(): Mutated {
  const { MUTATED: range } = process.env;
  if (range === undefined) throw new Error('MUTATED names no file: use npm run mutation');
  return mutatedIn(range);
}
