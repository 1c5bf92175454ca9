/** The thread of reader.ts: a raw mail becomes a draft. */
import { cadDraft } from '#contracts/cad-fields.ts';
import { serveJobs } from './bounded-thread.ts';
import { readMime } from './mime.ts';
import { readPage } from './parse/read-page.ts';
import type { Reading, ReadingJob } from './reader.ts';

serveJobs<ReadingJob, Reading>(async ({ raw, from, receivedAt, sourceId }) => {
  const mime = await readMime(raw);
  if (mime.kind === 'refused') return mime;
  const { subject, text = '', html } = mime;
  const page = {
    body: text,
    receivedAt,
    source: sourceId,
    ...(subject === undefined ? {} : { subject }),
    ...(html === undefined ? {} : { html }),
    ...(from === undefined ? {} : { from }),
  };
  // A draft that does not fit its schema ends the thread: the mail is then reviewed, not guessed.
  const draft = cadDraft.parse(readPage(page, []));
  return { kind: 'read', draft, ...(subject === undefined ? {} : { subject }) };
});
