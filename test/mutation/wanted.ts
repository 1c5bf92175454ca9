import { judged } from './judged.ts';

/** A file of judged.ts, and lines of it. */
export interface Wanted {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/** What a word of the command names: `file.ts`, `file.ts:10-80` or a folder. */
export function wantedIn(word: string): Wanted[] {
  const [path = '', lines] = word.split(':');
  const files = [...judged.keys()].filter((file) => file.startsWith(path));
  if (files.length === 0) throw new Error(`${path} is not in test/mutation/judged.ts`);
  const [from = '1', to = from] = lines?.split('-') ?? ['1', 'Infinity'];
  return files.map((file) => ({ file, from: Number(from), to: Number(to) }));
}
