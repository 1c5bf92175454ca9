/** The thread of trials.ts: reads a mail in two ways, or learns from samples. */
import {
  type CadDraft,
  type CadFieldKey,
  type CadFields,
  cadDraft,
} from '#contracts/cad-fields.ts';
import { type Profile, profile } from '#contracts/cad-profile.ts';
import { serveJobs } from '../intake/bounded-thread.ts';
import { sameValue } from '../learn/learn.ts';
import { learnProfiles } from '../learn/learn-profiles.ts';
import { marksOf } from '../learn/sample.ts';
import { readPageInFull } from '../parse/read-page.ts';
import { readMime } from '../processing/mime.ts';
import { readCalls } from '../processing/read-calls.ts';
import type {
  Compared,
  CompareJob,
  Learned,
  LearnJob,
  SampleSource,
  TrialAnswer,
  TrialJob,
} from './trials.ts';

serveJobs<TrialJob, TrialAnswer>((job) => (job.kind === 'compare' ? compare(job) : learn(job)));

async function compare({ raw, active, tried, ...about }: CompareJob): Promise<Compared> {
  const mime = await readMime(raw);
  if (mime.kind === 'refused') return { kind: 'unread' };
  const { subject, text, html } = mime;
  const shown = text ?? html;
  return {
    kind: 'compared',
    active: readCalls(mime, about, active),
    tried: readCalls(mime, about, tried),
    ...(subject === undefined ? {} : { subject }),
    ...(shown === undefined ? {} : { text: shown }),
  };
}

interface Page {
  readonly subject?: string;
  readonly body: string;
}

async function learn({ id, samples }: LearnJob): Promise<Learned> {
  const pages = await Promise.all(samples.map(({ source }) => pageOf(source)));
  const lines = pages.map((page, at) => ({
    ...page,
    source: id,
    fields: samples[at]?.fields ?? {},
  }));
  const [made] = learnProfiles(lines);
  // Whose mail it reads is for a source to say, by activating it.
  const { sources: _whose, ...rest } = profile.parse({ ...made, id });
  const preview = pages.map((page, at) => previewOf(page, rest, samples[at]?.fields ?? {}));
  return { kind: 'learned', profile: rest, preview };
}

function previewOf(page: Page, made: Profile, fields: CadFields): Learned['preview'][number] {
  const profiles = [{ ...made, sources: [made.id] }];
  const read = readPageInFull({ ...page, source: made.id }, { profiles });
  const draft: CadDraft = cadDraft.parse(read);
  const missed: CadFieldKey[] = [...marksOf(fields)]
    .filter(([key, value]) => !sameValue(draft.fields[key], value))
    .map(([key]) => key);
  return { draft, missed };
}

/** A mail that cannot be taken apart ends the thread: there is nothing to learn from it. */
async function pageOf(source: SampleSource): Promise<Page> {
  if (source.kind === 'page') return source.page;
  const mime = await readMime(source.raw);
  if (mime.kind === 'refused') throw new Error('a sample is a mail that cannot be read');
  const { subject, text = '', html = '' } = mime;
  return { body: text === '' ? html : text, ...(subject === undefined ? {} : { subject }) };
}
