import { hash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { CadDraft } from '#contracts/cad-fields.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import { type MessageRow, rawKeyOf } from '../message.ts';
import type { Selection } from '../profiles/selection.ts';
import type { Drafts } from './read-calls.ts';
import type { Reader } from './reader.ts';
import { isReadAgain } from './readings.ts';
import { isLastReading, isToBeRead } from './tries.ts';
import type { Work } from './work.ts';

/** What is proposed for a call that nobody could read. */
const UNREAD: CadDraft = { kind: 'other', profile: 'none', confidence: 0, fields: {}, unsure: [] };

export interface ReadingParts {
  readonly blobs: Blobs;
  readonly reader: Reader;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What was found in a mail: something in any case. */
export interface Found {
  readonly drafts: Drafts;
  /** Decoded, where the mail could be taken apart. */
  readonly subject?: string;
  /** Why it could not be read. */
  readonly reason?: string;
}

/**
 * Reads a kept mail. What cannot be read is a draft without fields, one for each call that an earlier
 * try may have counted. Rejects when the reader was stopped and another try is to come.
 */
export async function readMail(
  parts: ReadingParts,
  work: Work,
  mail: { readonly value: MessageRow; readonly selection: Selection },
): Promise<Found> {
  const { value, selection } = mail;
  const asUnread = (reason: string) => unread(parts, work, { reason, value });
  if (!isToBeRead(value)) return asUnread('reading-failed');
  const stream = await parts.blobs.get(rawKeyOf(work.tenant, value.sha256));
  if (stream === undefined) return asUnread('raw-mail-missing');
  const raw = await buffer(stream);
  if (hash('sha256', raw, 'hex') !== value.sha256) return asUnread('raw-mail-altered');
  const { from, receivedAt, sourceId } = value;
  const reading = await parts.reader.read({ raw, from, receivedAt, sourceId, selection });
  if (reading.kind === 'refused') return asUnread(reading.because);
  if (reading.kind === 'read') {
    const { drafts, subject } = reading;
    // Calls that an earlier reading found are incidents already; nothing is to be made up for.
    const all = isReadAgain(value) ? drafts : asManyAs(value.pageCount ?? 1, drafts);
    return { drafts: all, ...(subject === undefined ? {} : { subject }) };
  }
  if (isLastReading(value)) return asUnread('reading-failed');
  throw new Error('the reader was stopped');
}

function unread(
  { metrics, log }: ReadingParts,
  work: Work,
  { reason, value }: { readonly reason: string; readonly value: MessageRow },
): Found {
  metrics.alarm('parse-failed');
  log.warn({ ...work, reason }, 'a mail could not be read and goes to review');
  return { drafts: asManyAs(value.pageCount ?? 1, [UNREAD]), reason };
}

/**
 * A try that counted more calls may have proposed the first of them only. Each of the others is
 * proposed too, if need be unread: where it was done before, the answer is the first one.
 */
function asManyAs(count: number, drafts: Found['drafts']): Found['drafts'] {
  const missing = Math.max(0, count - drafts.length);
  return [...drafts, ...Array.from({ length: missing }, () => UNREAD)];
}
