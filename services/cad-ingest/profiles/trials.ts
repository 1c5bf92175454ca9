import { buffer } from 'node:stream/consumers';
import type { CadDraft, CadFieldKey, CadFields } from '#contracts/cad-fields.ts';
import type { Profile } from '#contracts/cad-profile.ts';
import type { TenantId } from '#contracts/primitives.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import { Problem } from '#shared/problem.ts';
import { type BoundedThread, openBoundedThread } from '../intake/bounded-thread.ts';
import { rawKeyOf } from '../message.ts';
import type { AboutMail, Drafts } from '../processing/read-calls.ts';
import type { Selection } from './selection.ts';

/** Taking apart one mail and reading it twice. */
const COMPARE_MS_MAX = 4_000;
/** Learning from ten samples takes about a second; a bus request ends after ten. */
const LEARN_MS_MAX = 7_000;
const HEAP_MB = 256;
/** Trials and lessons that wait for the thread, with the one in work; more are told to come again. */
const IN_LINE_MAX = 4;
const RETRY_AFTER_SECONDS = 5;

export interface CompareJob extends AboutMail {
  readonly kind: 'compare';
  readonly raw: Uint8Array;
  readonly active: Selection;
  readonly tried: Selection;
}

export type Compared =
  | { readonly kind: 'unread' }
  | {
      readonly kind: 'compared';
      /** One for each call that the mail tells of. */
      readonly active: Drafts;
      readonly tried: Drafts;
      readonly subject?: string;
      readonly text?: string;
    };

export type SampleSource =
  | { readonly kind: 'mail'; readonly raw: Uint8Array }
  | { readonly kind: 'page'; readonly page: { readonly subject?: string; readonly body: string } };

export interface LearnJob {
  readonly kind: 'learn';
  readonly id: string;
  readonly samples: readonly { readonly source: SampleSource; readonly fields: CadFields }[];
}

export interface Learned {
  readonly kind: 'learned';
  readonly profile: Profile;
  readonly preview: readonly {
    readonly draft: CadDraft;
    readonly missed: readonly CadFieldKey[];
  }[];
}

/** The raw bytes of a kept mail, as long as they are kept. */
export async function rawOf(
  blobs: Blobs,
  tenant: TenantId,
  sha256: string,
): Promise<Buffer | undefined> {
  const stream = await blobs.get(rawKeyOf(tenant, sha256));
  return stream && buffer(stream);
}

export type TrialJob = CompareJob | LearnJob;
export type TrialAnswer = Compared | Learned;

export interface Trials extends AsyncDisposable {
  /** `unread`: the mail cannot be read, or took more than it may. */
  compare(job: Omit<CompareJob, 'kind'>): Promise<Compared>;
  /** `undefined`: it took more time or memory than it may, or a sample cannot be read. */
  learn(job: Omit<LearnJob, 'kind'>): Promise<Learned | undefined>;
  /** Runs something that uses the thread; Problem `unavailable` when too many wait for it. */
  inLine<Result>(work: () => Promise<Result>): Promise<Result>;
}

/**
 * A thread for what people try, apart from the one that reads arriving mail: a department that tries
 * things must not keep calls waiting. It is started at the first use.
 */
export function openTrials(): Trials {
  let thread: BoundedThread<TrialJob, TrialAnswer> | undefined;
  let inLine = 0;
  const run = async (job: TrialJob, timeoutMs: number) => {
    thread ??= openBoundedThread({
      file: new URL('./trial-thread.ts', import.meta.url),
      heapMb: HEAP_MB,
    });
    const result = await thread.run(job, timeoutMs);
    return result.kind === 'overrun' ? undefined : result.answer;
  };
  return {
    async compare(job) {
      const answer = await run({ kind: 'compare', ...job }, COMPARE_MS_MAX);
      return answer?.kind === 'compared' ? answer : { kind: 'unread' };
    },
    async learn(job) {
      const answer = await run({ kind: 'learn', ...job }, LEARN_MS_MAX);
      return answer?.kind === 'learned' ? answer : undefined;
    },
    async inLine(work) {
      if (inLine >= IN_LINE_MAX) {
        throw new Problem('unavailable', {
          detail: 'Others are trying profiles just now. Try again in a moment.',
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      }
      inLine += 1;
      try {
        return await work();
      } finally {
        inLine -= 1;
      }
    },
    [Symbol.asyncDispose]: async () => thread?.[Symbol.asyncDispose](),
  };
}
