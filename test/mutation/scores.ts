/** Of all changes that tests could notice, this share must be noticed, in each file. */
export const NOTICED_PERCENT_MIN = 85;

/** What became of the changes of one file, as Stryker names it. */
export type Statuses = readonly string[];

export interface Score {
  readonly file: string;
  readonly noticed: number;
  readonly survived: number;
  readonly percent: number;
}

/** `undefined` when nothing in the file could be changed. */
export function scoreOf(file: string, statuses: Statuses): Score | undefined {
  const count = (...wanted: string[]) => statuses.filter((each) => wanted.includes(each)).length;
  const noticed = count('Killed', 'Timeout');
  // No test reaches it: nobody would notice either.
  const survived = count('Survived', 'NoCoverage');
  if (noticed + survived === 0) return undefined;
  return { file, noticed, survived, percent: (100 * noticed) / (noticed + survived) };
}

export function isEnough({ percent }: Score): boolean {
  return percent >= NOTICED_PERCENT_MIN;
}

/** A line for each, as the README has it. */
export function tableOf(scores: readonly Score[]): string {
  const lines = scores.map((score) => {
    const { file, noticed, survived, percent } = score;
    const name = file.replace('services/ledger/', '').replace('.ts', '');
    const mark = isEnough(score) ? '' : ` below ${NOTICED_PERCENT_MIN} %`;
    // Downward: what is shown as the limit has reached it.
    return `| ${name} | ${noticed} | ${survived} | ${(Math.floor(percent * 10) / 10).toFixed(1)} %${mark} |`;
  });
  return ['| file | noticed | survived | share |', '|---|---|---|---|', ...lines].join('\n');
}
