/** The thread of reader.ts: a raw mail becomes drafts, one for each call in it. */
import { serveJobs } from '../intake/bounded-thread.ts';
import { readMime } from './mime.ts';
import { readCalls } from './read-calls.ts';
import type { Reading, ReadingJob } from './reader.ts';
import { warmUp } from './warm-up.ts';

await warmUp();

serveJobs<ReadingJob, Reading>(async ({ raw, selection, ...about }) => {
  const mime = await readMime(raw);
  if (mime.kind === 'refused') return mime;
  const { subject } = mime;
  const drafts = readCalls(mime, about, selection);
  return { kind: 'read', drafts, ...(subject === undefined ? {} : { subject }) };
});
