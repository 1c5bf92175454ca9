/** Between the command (run.ts) and the process that judges one file (judge.ts). */

/** Which tests reach which change, and how long they take; found by a run without any change. */
export interface Survey {
  /** Id of a test, or path of a suite (its loading and its hooks) -> milliseconds. */
  readonly times: Readonly<Record<string, number>>;
  /** Id of a change -> id of a test, or path of a suite -> how often. */
  readonly reached: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Changes that were reached while the file itself was loaded: constants and schemas. */
  readonly constant: readonly string[];
}

export interface Job {
  /** Path of the changed file from the root of the tree; its text with all changes. */
  readonly file: string;
  readonly source: string;
  readonly suites: readonly string[];
  /** Ids of the changes to try. */
  readonly wanted: readonly string[];
  /** Of an earlier process, which did not come to its end. */
  readonly survey?: Survey;
}

/** In the words of Stryker. `Ignored`: only reached while the file is loaded. */
export type Status = 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'Ignored';

export interface Verdict {
  readonly id: string;
  readonly status: Status;
  /** The test that noticed. */
  readonly by?: string;
}

export type Message =
  | { readonly kind: 'survey'; readonly survey: Survey }
  /** The next message comes before that time is over, or the process hangs. */
  | { readonly kind: 'trying'; readonly id: string; readonly limitMs: number }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  /** After it the process ends. Wanted changes without a verdict need another process. */
  | { readonly kind: 'end' };
