/** One table of figures. A target is a sentence beside the figure that it is about. */
export interface Table {
  readonly title: string;
  readonly rows: readonly Figure[];
}

export interface Figure {
  readonly what: string;
  readonly value: number;
  /** `1/s`, `ms`, `ratio`, `MiB`. */
  readonly unit: string;
  /** What it should be, for ratios that DESIGN gives a target for: `>= 0.5`. */
  readonly target?: string;
}

export function printTable({ title, rows }: Table): void {
  const width = Math.max(...rows.map(({ what }) => what.length));
  process.stdout.write(`\n${title}\n`);
  for (const { what, value, unit, target } of rows) {
    const figure = value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 2 : 0 });
    const wanted = target === undefined ? '' : `   target ${target}`;
    process.stdout.write(`  ${what.padEnd(width)}  ${figure.padStart(12)} ${unit}${wanted}\n`);
  }
}

/** The middle of the values; the mean of the two in the middle for an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The value that the given share of values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
