import { z } from 'zod';
import { actor, auditEvent, auditObject } from './audit-event.ts';
import { BLOCK_ENTRIES_MAX } from './limits.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery, rowId, sha256Hex, tenantId, timestamp } from './primitives.ts';

const seq = z.number().int().nonnegative();
const sizeOrSeq = z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/**
 * A ledger entry, version 1. Its bytes are the RFC 8785 form of this object, made once at append
 * and hashed as stored ever after. This shape must never change; a new one gets a new `v`.
 */
export const ledgerEntry = z.strictObject({
  v: z.literal(1),
  tenant: tenantId,
  /** Index in the tenant's tree, from 0. */
  seq,
  /** The event's id. */
  id: rowId,
  /** When it happened, and when it was appended. */
  at: timestamp,
  recordedAt: timestamp,
  actor,
  action: z.string(),
  object: auditObject,
  outcome: z.enum(['success', 'refused', 'failure']),
  reason: z.string().optional(),
  requestId: z.string(),
  /** SHA-256 digests of the event's RFC 9901 disclosures, base64url, sorted. */
  sd: z.array(z.string().length(43)).min(1),
  /** Leaf hash of entry `seq - 1`; 64 zeros for entry 0. */
  prev: sha256Hex,
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

const listedEntry = z.strictObject({ ...ledgerEntry.shape, leafHash: sha256Hex });

export const breakKinds = [
  'altered',
  'missing',
  'reordered',
  'forked',
  'truncated',
  'checkpoint-mismatch',
] as const;

export const ledgerBreak = z.strictObject({
  seq,
  /** The last entry concerned, where it is more than one and known. */
  lastSeq: seq.optional(),
  kind: z.enum(breakKinds),
  /** Which side was altered (entry bytes, index, head) and how it shows. */
  detail: z.string(),
});
export type LedgerBreak = z.infer<typeof ledgerBreak>;

export const verification = z.strictObject({
  ok: z.boolean(),
  size: seq,
  /** RFC 9162 root over the entries as they stand now, hex. */
  root: sha256Hex,
  checkedEntries: seq,
  /** Entries before this one were removed by a purge; of them the hashes are compared. */
  firstKept: seq,
  /** The newest signed checkpoint (C2SP signed note), absent before the first entry. */
  checkpoint: z.string().optional(),
  breaks: z.array(ledgerBreak),
  elapsedMs: z.number().nonnegative(),
});
export type Verification = z.infer<typeof verification>;

/** How far a verification is, while it runs. */
export const verificationProgress = z.strictObject({
  /** Entries that it has come past. */
  position: seq,
  /** Entries of the log when it began; absent where the log cannot say. */
  size: seq.optional(),
  checkedEntries: seq,
  /** Breaks found so far; the answer names them. */
  breaks: seq,
});
export type VerificationProgress = z.infer<typeof verificationProgress>;

/** What the verification that runs by itself says of a log; both parts absent before it came by. */
export const verificationStatus = z.strictObject({
  /** The pass over the log that is under way. */
  pass: z
    .strictObject({
      startedAt: timestamp,
      /** Entries that it has come past. */
      position: seq,
      checkedEntries: seq,
      breaks: z.array(ledgerBreak),
    })
    .optional(),
  /** The last pass from the first entry to the end. */
  last: z
    .strictObject({
      startedAt: timestamp,
      finishedAt: timestamp,
      ok: z.boolean(),
      size: seq,
      checkedEntries: seq,
      /** The first ones, by sequence. */
      breaks: z.array(ledgerBreak),
    })
    .optional(),
});
export type VerificationStatus = z.infer<typeof verificationStatus>;

export const checkpointAnswer = z.strictObject({
  origin: z.string(),
  size: seq,
  root: sha256Hex,
  /** The signed note, byte for byte. */
  note: z.string(),
  /** Verifier key of the note: `name+key id+base64`. */
  verifierKey: z.string(),
  /** Of every key that ever signed checkpoints, the current one first; the newest two sign now. */
  verifierKeys: z.array(z.string()).min(1),
  /** The newest checkpoint of a day that a timestamp authority has seen, where one is asked. */
  timestamp: z
    .strictObject({
      /** UTC. */
      day: z.iso.date(),
      /** The signed note of that day, byte for byte: the token is over its SHA-256. */
      note: z.string(),
      /** RFC 3161 TimeStampToken, DER in base64. */
      token: z.base64(),
      /** When the authority saw it, as the token says. */
      at: timestamp,
    })
    .optional(),
});

const readingTheLedger = (verb: string) =>
  ({ kind: 'read', action: `ledger.entry.${verb}`, object: 'ledger' }) as const;

export const appendEvents = operation({
  name: 'ledger.event.append',
  summary: 'Append events to the chain of the caller context’s tenant, exactly once by event id',
  body: z.strictObject({ events: z.array(auditEvent).min(1).max(BLOCK_ENTRIES_MAX) }),
  output: z.strictObject({
    results: z.array(
      z.strictObject({
        id: rowId,
        /** `conflict`: another event has this id; nothing was appended but the conflict itself. */
        status: z.enum(['appended', 'repeated', 'conflict']),
        seq,
        leafHash: sha256Hex,
      }),
    ),
  }),
  problems: [],
  permission: 'ledger:append',
  audit: { kind: 'none', because: 'it is the audit' },
});

export const listEntries = operation({
  name: 'ledger.entry.list',
  summary: 'Search the ledger, in the order of its entries',
  http: { method: 'GET', path: '/v1/ledger/entries', status: 200 },
  query: z.strictObject({
    ...pageQuery,
    /** Id of the actor. */
    actor: z.string().max(64).optional(),
    action: z.string().max(120).optional(),
    objectType: z.string().max(41).optional(),
    objectId: z.string().max(128).optional(),
    outcome: z.enum(['success', 'refused', 'failure']).optional(),
    /** Network address that the actor came from, as the entry has it. */
    address: z.string().max(64).optional(),
    /** `at` from here on, and before there. */
    from: z.iso.datetime({ offset: true }).optional(),
    to: z.iso.datetime({ offset: true }).optional(),
  }),
  output: pageOf(listedEntry),
  problems: ['invalid-cursor'],
  permission: 'ledger:read',
  audit: readingTheLedger('searched'),
});

export const readEntry = operation({
  name: 'ledger.entry.read',
  summary: 'Read one entry, also as the exact bytes that were hashed',
  http: { method: 'GET', path: '/v1/ledger/entries/{seq}', status: 200 },
  params: z.strictObject({ seq: sizeOrSeq }),
  output: z.strictObject({
    ...listedEntry.shape,
    /** The stored bytes in base64: SHA-256(0x00 || bytes) is the leaf hash. */
    bytes: z.base64(),
  }),
  problems: ['not-found', 'gone'],
  permission: 'ledger:read',
  audit: readingTheLedger('read'),
});

export const proveEntry = operation({
  name: 'ledger.entry.prove',
  summary: 'Inclusion proof of an entry (RFC 9162) in the newest checkpoint',
  http: {
    method: 'GET',
    path: '/v1/ledger/entries/{seq}/proof',
    status: 200,
    textForm: { format: 'tlog-proof', type: 'text/plain', field: 'proofFile' },
  },
  params: z.strictObject({ seq: sizeOrSeq }),
  /** Without it, `Accept` decides. */
  query: z.strictObject({ format: z.enum(['json', 'tlog-proof']).optional() }),
  output: z.strictObject({
    seq,
    size: seq,
    leafHash: sha256Hex,
    /** From the leaf's sibling upward. */
    hashes: z.array(sha256Hex),
    root: sha256Hex,
    checkpoint: z.string(),
    verifierKey: z.string(),
    /** All of it as a C2SP tlog-proof file, to be kept beside the entry. */
    proofFile: z.string(),
  }),
  problems: ['not-found'],
  permission: 'ledger:read',
  audit: readingTheLedger('proved'),
});

export const proveConsistency = operation({
  name: 'ledger.tree.prove-consistency',
  summary: 'Consistency proof between two sizes (RFC 9162)',
  http: { method: 'GET', path: '/v1/ledger/consistency', status: 200 },
  query: z.strictObject({ from: sizeOrSeq, to: sizeOrSeq }),
  output: z.strictObject({
    from: seq,
    to: seq,
    fromRoot: sha256Hex,
    toRoot: sha256Hex,
    hashes: z.array(sha256Hex),
  }),
  problems: ['not-found'],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'hashes only; no entry is readable from them' },
});

export const readCheckpoint = operation({
  name: 'ledger.checkpoint.read',
  summary: 'The newest signed checkpoint',
  http: { method: 'GET', path: '/v1/ledger/checkpoint', status: 200 },
  output: checkpointAnswer,
  problems: ['not-found'],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'a root hash; no entry is readable from it' },
});

export const verifyLedger = operation({
  name: 'ledger.tree.verify',
  summary: 'Check the whole chain, or a range, down to the bytes; names every break',
  http: { method: 'GET', path: '/v1/ledger/verify', status: 200 },
  query: z.strictObject({ from: sizeOrSeq.optional(), to: sizeOrSeq.optional() }),
  output: verification,
  progress: verificationProgress,
  problems: [],
  permission: 'ledger:read',
  audit: { kind: 'read', action: 'ledger.tree.verified', object: 'ledger' },
});

export const readVerification = operation({
  name: 'ledger.verification.read',
  summary: 'Position and last result of the verification that runs by itself',
  http: { method: 'GET', path: '/v1/ledger/verify/status', status: 200 },
  output: verificationStatus,
  problems: [],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'numbers and breaks; no entry is readable from them' },
});
