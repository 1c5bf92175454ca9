/** The thread of reader.ts: a raw mail becomes drafts, one for each call in it. */
import { z } from 'zod';
import { cadDraft } from '#contracts/cad-fields.ts';
import { serveJobs } from '../intake/bounded-thread.ts';
import { builtInProfiles } from '../parse/profiles/built-in.ts';
import { readPages } from '../parse/read-pages.ts';
import { readMime } from './mime.ts';
import type { Reading, ReadingJob } from './reader.ts';

/** The page reader tries a profile first that names the page's source; here each names itself. */
const preferred = new Map(
  builtInProfiles.map((each) => [each.id, { ...each, sources: [each.id] }]),
);

const oneOrMore = z.tuple([cadDraft], cadDraft);

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
  const drafts = oneOrMore.parse(readPages(page, first === undefined ? [] : [first]));
  return { kind: 'read', drafts, ...(subject === undefined ? {} : { subject }) };
});
