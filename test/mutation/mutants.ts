import type { Logger } from '@stryker-mutator/api/logging';
import { Instrumenter } from '@stryker-mutator/instrumenter';

/** One change of a file, switched on by its id. */
export interface Mutant {
  readonly id: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Of Stryker: https://stryker-mutator.io/docs/mutation-testing-elements/supported-mutators */
  readonly mutator: string;
  readonly original: string;
  readonly replacement: string;
}

export interface Mutated {
  /** TypeScript that holds every change, each behind a switch. */
  readonly source: string;
  readonly mutants: readonly Mutant[];
}

const nothing = () => undefined;
const isOff = () => false;
const silent: Logger = {
  isTraceEnabled: isOff,
  isDebugEnabled: isOff,
  isInfoEnabled: isOff,
  isWarnEnabled: isOff,
  isErrorEnabled: isOff,
  isFatalEnabled: isOff,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
};

/** All changes of a file, by the instrumenter of Stryker. `name` ends in `.ts`. */
export async function mutated(name: string, content: string): Promise<Mutated> {
  const { files, mutants } = await new Instrumenter(silent).instrument(
    [{ name, content, mutate: true }],
    { plugins: null, excludedMutations: [], ignorers: [] },
  );
  const [file] = files;
  if (file === undefined) throw new Error(`${name} was not read`);
  const lines = content.split('\n');
  return {
    source: file.content,
    mutants: mutants.map(({ id, location, mutatorName, replacement }) => ({
      id,
      line: location.start.line + 1,
      column: location.start.column + 1,
      mutator: mutatorName,
      original: textAt(lines, location),
      replacement,
    })),
  };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Lines and columns from 0. */
function textAt(lines: readonly string[], { start, end }: { start: Place; end: Place }): string {
  const within = lines.slice(start.line, end.line + 1);
  const last = within.length - 1;
  const cut = within.map((line, index) =>
    line.slice(index === 0 ? start.column : 0, index === last ? end.column : undefined),
  );
  return cut.join('\n');
}
