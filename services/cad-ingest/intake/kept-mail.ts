/** What is kept of a mail when it comes in, whichever door it comes by. Pure. */
import type { CadMessage } from '#contracts/cad-messages.ts';
import { changesBetween, type FieldChange } from '#shared/audit.ts';
import type { MessageRow } from '../message.ts';
import type { SourceRow } from '../source.ts';
import type { HeaderScan } from './header-scan.ts';

export interface MailToKeep {
  readonly raw: Uint8Array;
  readonly sha256: string;
  readonly scan: HeaderScan;
}

export function rowOf(about: {
  readonly mail: MailToKeep;
  readonly inbox: { readonly sourceId: string; readonly source: SourceRow };
  readonly workId: string;
  readonly trust: CadMessage['trust'];
  readonly now: Date;
}): MessageRow {
  const { mail, inbox, workId, trust, now } = about;
  const { from, subject, messageId } = mail.scan;
  return {
    sourceId: inbox.sourceId,
    status: trust.verdict === 'trusted' ? 'received' : 'quarantined',
    receivedAt: now.toISOString(),
    sizeBytes: mail.raw.byteLength,
    sha256: mail.sha256,
    ...(from === undefined ? {} : { from }),
    ...(subject === undefined ? {} : { subject }),
    ...(messageId === undefined ? {} : { messageId }),
    trust,
    tries: 0,
    workId,
    timeZone: inbox.source.timeZone,
    touchedAt: now.toISOString(),
    stalls: 0,
  };
}

/** For the event: hash, size and verdict, and nothing that the mail says. */
export function receivedFacts(value: MessageRow): readonly FieldChange[] {
  const { sourceId, sha256, sizeBytes, status, trust } = value;
  const { verdict, reasons } = trust;
  return changesBetween({}, { sourceId, sha256, sizeBytes, status, verdict, reasons });
}
