import { z } from 'zod';
import { EVENT_CHANGES_MAX } from './limits.ts';
import { operation } from './operation.ts';
import { sha256Hex } from './primitives.ts';

/** Entries of one bundle; a court asks for those of one call, not for a year. */
export const BUNDLE_ENTRIES_MAX = 100;

const seq = z.number().int().nonnegative();
const fieldName = z.string().min(1).max(200);

/** RFC 9901: base64url of the JSON array of salt, name and value, byte for byte as it was hashed. */
const disclosure = z.string().regex(/^[A-Za-z0-9_-]+$/);

export const discloseEntry = operation({
  name: 'ledger.entry.disclose',
  summary: 'Open the sealed values of an entry',
  http: { method: 'GET', path: '/v1/ledger/entries/{seq}/disclosures', status: 200 },
  params: z.strictObject({
    seq: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  }),
  output: z.strictObject({
    seq,
    leafHash: sha256Hex,
    /** `expunged`: the key of the record was destroyed, and the values with it. */
    state: z.enum(['disclosed', 'expunged']),
    /** How many of its values were destroyed, where that is not all of them. */
    expunged: z.number().int().positive().optional(),
    /** `name` is `_` where the event has no values: its one salt keeps the entry unguessable. */
    values: z.array(
      z.strictObject({
        name: z.string(),
        value: z.json(),
        /** Its SHA-256 in base64url is one of the entry's `sd`. */
        disclosure,
      }),
    ),
  }),
  problems: ['not-found', 'gone', 'ledger-behind'],
  permission: 'ledger:disclose',
  audit: { kind: 'read', action: 'ledger.entry.disclosed', object: 'ledger' },
});

/** `watchdesk-bundle/1`; services/ledger/portable/README.md says what each part proves. */
export const bundle = z.strictObject({
  format: z.literal('watchdesk-bundle/1'),
  /** A signed note (C2SP), with the lines of witnesses where there are any. */
  checkpoint: z.string(),
  /** Tells which key to ask for. Whoever verifies MUST have it from somewhere else. */
  verifierKeyHint: z.string(),
  entries: z
    .array(
      z.strictObject({
        seq,
        /** The exact bytes that were hashed. */
        bytes: z.base64(),
        /** RFC 9162 inclusion proof in the checkpoint's tree, hex, from the leaf's sibling upward. */
        proof: z.array(sha256Hex),
        disclosures: z.array(disclosure).max(EVENT_CHANGES_MAX),
        /** Says that values which were asked for, all or some, are destroyed; nothing proves it. */
        expunged: z.literal(true).optional(),
      }),
    )
    .min(1)
    .max(BUNDLE_ENTRIES_MAX),
});
export type Bundle = z.infer<typeof bundle>;

const bundleRequest = z
  .strictObject({
    entries: z
      .array(seq)
      .min(1)
      .max(BUNDLE_ENTRIES_MAX)
      .refine((seqs) => new Set(seqs).size === seqs.length, { error: 'names an entry twice' }),
    /** Names of the fields to disclose, or all of them. Absent: every value stays hidden. */
    disclose: z
      .union([z.literal('all'), z.array(fieldName).min(1).max(EVENT_CHANGES_MAX)])
      .optional(),
    /** Names of fields that stay hidden all the same. */
    hide: z.array(fieldName).min(1).max(EVENT_CHANGES_MAX).optional(),
  })
  .refine(({ disclose, hide }) => hide === undefined || disclose === 'all', {
    path: ['hide'],
    error: 'goes with "disclose": "all"; without it leave it out',
  });

export const makeBundle = operation({
  name: 'ledger.bundle.make',
  summary: 'Take entries along as evidence that verifies offline; other values stay hidden',
  http: { method: 'POST', path: '/v1/ledger/bundles', status: 200 },
  body: bundleRequest,
  output: bundle,
  problems: ['not-found', 'gone', 'too-large', 'ledger-behind'],
  permission: 'ledger:disclose',
  // No `idempotent`: a remembered answer would be a copy of the values in plain.
  audit: { kind: 'change', action: 'ledger.bundle.made', object: 'bundle' },
});
