import { z } from 'zod';
import { cadDraft, cadFieldKey, cadFields } from './cad-fields.ts';
import { profile } from './cad-profile.ts';
import { profileChoice, profileDraft, profileId } from './cad-profiles.ts';
import { operation } from './operation.ts';
import { rowId, timestamp } from './primitives.ts';

/** Mails of a source that a trial reads, the newest first. */
export const TRIAL_MAILS_MAX = 50;
export const SAMPLES_MIN = 3;
export const SAMPLES_MAX = 10;
/** Text of a mail as a trial shows it, in characters. */
export const SHOWN_TEXT_CHARS_MAX = 4_000;

/** How the mails of a trial were read, counted. */
export const trialCounts = z.strictObject({
  /** Mails with a nature and an address. */
  found: z.number().int().nonnegative(),
  /** Those of them where neither is in doubt. */
  sure: z.number().int().nonnegative(),
  /** Mails with any field in doubt. */
  unsure: z.number().int().nonnegative(),
});
export type TrialCounts = z.infer<typeof trialCounts>;

/** A reading without the values: what may be seen without seeing the mail. */
const reading = cadDraft.omit({ fields: true, translated: true }).extend({
  /** Only for callers who may read messages. A long narrative is cut. */
  fields: cadFields.optional(),
});

export const triedMail = z.strictObject({
  messageId: rowId,
  receivedAt: timestamp,
  active: reading,
  tried: reading,
  /** Fields whose values the two readings do not share. */
  differs: z.array(cadFieldKey),
  subject: z.string().optional(),
  /** The beginning of the text, where it was asked for. */
  text: z.string().optional(),
});
export type TriedMail = z.infer<typeof triedMail>;

const choice = z
  .strictObject({ profile: profileId, version: z.number().int().positive() })
  .partial();

export const tryCadProfile = operation({
  name: 'cad-ingest.profile.try',
  summary: 'What a profile makes of the newest mails of a source, beside the active one',
  http: { method: 'POST', path: '/v1/cad/profiles/try', status: 200 },
  body: z
    .strictObject({
      sourceId: rowId,
      /** A kept profile; `null`: each mail tells by itself. */
      profileId: profileChoice.profile.optional(),
      version: profileChoice.version,
      /** A profile that is not kept (yet). */
      profile: profileDraft.optional(),
      mails: z.number().int().min(1).max(TRIAL_MAILS_MAX).default(TRIAL_MAILS_MAX),
      /** Shows the beginning of each mail's text too, to callers who may read messages. */
      text: z.boolean().default(false),
    })
    .refine((body) => (body.profileId === undefined) !== (body.profile === undefined), {
      path: ['profileId'],
      error: 'give either profileId, of a kept profile, or profile, a whole document',
    }),
  output: z.strictObject({
    sourceId: rowId,
    /** What was active when it was tried; without `profile` each mail told by itself. */
    against: choice,
    /** Mails that were read both ways. */
    mails: z.number().int().nonnegative(),
    /** Mails that could not be read any more, or not in time. */
    unread: z.number().int().nonnegative(),
    summary: z.strictObject({ active: trialCounts, tried: trialCounts }),
    /** Fewer mails with a sure nature and address than the active one has, or fewer with any. */
    worse: z.boolean(),
    /** Values or texts were left out because the answer would have become too long. */
    abridged: z.boolean(),
    items: z.array(triedMail),
  }),
  problems: ['not-found', 'conflict', 'ledger-behind'],
  permission: 'cad-profiles:manage',
  audit: { kind: 'change', action: 'cad-ingest.profile.tried', object: 'cad-source' },
});

const sample = z
  .strictObject({
    /** A kept mail of the department; else subject and body. */
    messageId: rowId.optional(),
    subject: z.string().max(2_000).optional(),
    body: z.string().max(100_000).optional(),
    /** What a person marked: the values as they want them. */
    fields: cadFields,
  })
  .refine((each) => (each.messageId === undefined) !== (each.body === undefined), {
    path: ['body'],
    error: 'give either the body of a page, or the messageId of a kept mail',
  })
  .refine((each) => Object.keys(each.fields).length > 0, {
    path: ['fields'],
    error: 'mark at least one field: without a mark there is nothing to learn',
  });

export const learnCadProfile = operation({
  name: 'cad-ingest.profile.learn',
  summary: 'Learn a profile from 3 to 10 labelled samples and show it; nothing is kept',
  http: { method: 'POST', path: '/v1/cad/profiles/learn', status: 200 },
  body: z.strictObject({
    /** Id that the profile shall have. */
    id: profileId,
    samples: z.array(sample).min(SAMPLES_MIN).max(SAMPLES_MAX),
  }),
  output: z.strictObject({
    /** Ready to be kept by `POST /v1/cad/profiles`, or to be tried before. */
    profile,
    /** Per marked field the share of samples that the others led to: each was left out once. */
    trust: z.partialRecord(cadFieldKey, z.number().min(0).max(1)),
    /** How the profile reads the samples themselves. */
    preview: z.array(z.strictObject({ draft: cadDraft, missed: z.array(cadFieldKey) })),
  }),
  problems: ['not-found', 'conflict', 'ledger-behind'],
  permission: 'cad-profiles:manage',
  audit: { kind: 'change', action: 'cad-ingest.profile.learned', object: 'cad-profile' },
});
