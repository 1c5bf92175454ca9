/** The thread of reader.ts: a raw mail becomes a draft. */
import { cadDraft } from '#contracts/cad-fields.ts';
import { serveJobs } from '../intake/bounded-thread.ts';
import { builtInProfiles } from '../parse/profiles/built-in.ts';
import { readPage } from '../parse/read-page.ts';
import { readMime } from './mime.ts';
import type { Reading, ReadingJob } from './reader.ts';

/** The page reader tries a profile first that names the page's source; here each names itself. */
const preferred = new Map(
  builtInProfiles.map((each) => [each.id, { ...each, sources: [each.id] }]),
);

serveJobs<ReadingJob, Reading>(async ({ raw, from, receivedAt, sourceId, profile = '' }) => {
  const mime = await readMime(raw);
  if (mime.kind === 'refused') return mime;
  const { subject, text = '', html } = mime;
  const first = preferred.get(profile);
  const page = {
    body: text,
    receivedAt,
    source: first?.id ?? sourceId,
    ...(subject === undefined ? {} : { subject }),
    ...(html === undefined ? {} : { html }),
    ...(from === undefined ? {} : { from }),
  };
  // A draft that does not fit its schema ends the thread: the mail is then reviewed, not guessed.
  const draft = cadDraft.parse(readPage(page, first === undefined ? [] : [first]));
  return { kind: 'read', draft, ...(subject === undefined ? {} : { subject }) };
});
