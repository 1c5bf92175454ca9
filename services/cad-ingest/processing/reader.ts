import { type BoundedThread, openBoundedThread } from '../intake/bounded-thread.ts';
import type { Selection } from '../profiles/selection.ts';
import type { MimeRefusal } from './mime.ts';
import type { AboutMail, Drafts } from './read-calls.ts';

/** Taking apart and reading one mail; the longest real ones take some milliseconds. */
const READ_MS_MAX = 2_000;
const HEAP_MB = 256;

export interface ReadingJob extends AboutMail {
  readonly raw: Uint8Array;
  readonly selection: Selection;
}

export type Reading =
  | {
      readonly kind: 'read';
      readonly drafts: Drafts;
      readonly subject?: string;
    }
  | { readonly kind: 'refused'; readonly because: MimeRefusal };

export interface Reader extends AsyncDisposable {
  /** `overrun`: it took more time or memory than it may, or broke the reader. */
  read(job: ReadingJob): Promise<Reading | { readonly kind: 'overrun' }>;
}

/** MIME and the page reader in a thread of their own, because the bytes are a stranger's. */
export function openReader(): Reader {
  const thread: BoundedThread<ReadingJob, Reading> = openBoundedThread({
    file: new URL('./reading-thread.ts', import.meta.url),
    heapMb: HEAP_MB,
  });
  return {
    async read(job) {
      const result = await thread.run(job, READ_MS_MAX);
      return result.kind === 'overrun' ? result : result.answer;
    },
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}
