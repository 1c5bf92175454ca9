import { z } from 'zod';
import { type CadDraft, cadDraft } from '#contracts/cad-fields.ts';
import type { Profile } from '#contracts/cad-profile.ts';
import { readPagesInFull } from '../parse/read-pages.ts';
import type { Selection } from '../profiles/selection.ts';
import type { Mime } from './mime.ts';

export interface AboutMail {
  readonly from: string | undefined;
  readonly receivedAt: string;
  readonly sourceId: string;
}

/** One for each call that a mail tells of; nearly every mail tells of one. */
export type Drafts = readonly [CadDraft, ...CadDraft[]];

const oneOrMore = z.tuple([cadDraft], cadDraft);

/** Reads a mail that was taken apart by what its source has selected. Runs in a thread. */
export function readCalls(
  { subject, text = '', html }: Extract<Mime, { kind: 'mime' }>,
  { from, receivedAt, sourceId }: AboutMail,
  { profile, tables }: Selection,
): Drafts {
  const first = profile && preferred(profile, sourceId);
  const page = {
    body: text,
    receivedAt,
    source: first?.id ?? sourceId,
    ...(subject === undefined ? {} : { subject }),
    ...(html === undefined ? {} : { html }),
    ...(from === undefined ? {} : { from }),
  };
  const profiles = first === undefined ? [] : [first];
  // A draft that does not fit its schema ends the thread: the mail is then reviewed, not guessed.
  return oneOrMore.parse(readPagesInFull(page, { profiles, tables }));
}

/** Profiles kept ready; a department seldom has more than a few sources. */
const READY_MAX = 32;
const ready = new Map<string, { readonly text: string; readonly profile: Profile }>();

/**
 * The page reader tries a profile first that names the page's source; here each names itself. One
 * object per profile, because the reader makes a profile ready once per object, and each job brings
 * a copy.
 */
function preferred(profile: Profile, sourceId: string): Profile {
  const key = `${sourceId}/${profile.id}`;
  const text = JSON.stringify(profile);
  const known = ready.get(key);
  if (known?.text === text) return known.profile;
  const made = { ...profile, sources: [profile.id] };
  ready.delete(key);
  const [oldest] = ready.keys();
  if (oldest !== undefined && ready.size >= READY_MAX) ready.delete(oldest);
  ready.set(key, { text, profile: made });
  return made;
}
