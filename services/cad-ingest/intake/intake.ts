/**
 * From raw bytes to a kept mail.
 *
 * 1. The header is scanned; what vouches for the sender is asked for where the source wants it.
 * 2. The raw bytes are put into the store under tenant and SHA-256.
 * 3. One transaction per source: the row of the message, its place in the lists, the row that makes
 *    its work id unique, the audit event.
 * 4. The queue hears of it. Only then does the sender get its 250.
 *
 * A crash after 2 leaves bytes that the sender's next try finds in place. A crash after 3 leaves a
 * row that the sweep finds; the sender tries again and is told 250, because the row is there.
 */
import { hash, randomUUIDv7 } from 'node:crypto';
import type { CadMessage } from '#contracts/cad-messages.ts';
import type { TenantId } from '#contracts/primitives.ts';
import { auditEventOf } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import type { Log } from '#shared/log.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Tables } from '#shared/ports/tables.ts';
import type { Relay } from '#shared/relay.ts';
import { type MessageRow, messageChanges, rawKeyOf, WORK_KIND, workIdOf } from '../message.ts';
import type { Work } from '../processing/work.ts';
import { SOURCE_KIND, type SourceRow, sourceRow, TOKEN_KIND, tokenIn } from '../source.ts';
import type { Authenticator } from './authentication.ts';
import { type HeaderScan, scanHeader } from './header-scan.ts';
import { receivedFacts, rowOf } from './kept-mail.ts';
import type { SesFindings } from './ses-notification.ts';
import { decideBySes } from './ses-trust.ts';
import type { Authentication } from './trust.ts';
import { decideTrust, wantsAuthentication } from './trust.ts';

/** A source that an envelope recipient named. */
export interface Inbox {
  readonly tenant: TenantId;
  readonly sourceId: string;
  readonly source: SourceRow;
}

export interface IncomingMail {
  readonly raw: Uint8Array;
  /** Address of `MAIL FROM`; empty for the null sender. */
  readonly envelopeSender: string;
  readonly remoteAddress: string;
  readonly helo: string;
  /** Of SES, where it took the mail: then nothing else is asked about its sender. */
  readonly findings?: SesFindings;
}

export interface Intake {
  /** The source behind an envelope recipient; `undefined` when there is none. */
  findInbox(address: string): Promise<Inbox | undefined>;
  /** Resolves when the mail is durable for every inbox; repeating it changes nothing. */
  receive(mail: IncomingMail, inboxes: readonly Inbox[]): Promise<void>;
}

interface Parts {
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly relay: Relay;
  readonly authenticator: Authenticator;
  readonly mailDomain: string;
  readonly log: Log;
  readonly clock: () => number;
  enqueue(work: Work): Promise<void>;
}

export function openIntake(parts: Parts): Intake {
  return {
    async findInbox(address) {
      const token = tokenIn(address, parts.mailDomain);
      if (token === undefined) return undefined;
      const found = await parts.tables.find({ kind: TOKEN_KIND, id: token });
      if (found === undefined) return undefined;
      const tables = parts.tables.forTenant(found.tenant);
      const row = await tables.get({ kind: SOURCE_KIND, id: found.id });
      if (row === undefined) return undefined;
      return { tenant: found.tenant, sourceId: found.id, source: sourceRow.parse(row.value) };
    },
    async receive(mail, inboxes) {
      // Without room for its audit event a mail is not taken; the sender keeps it.
      parts.relay.assertRoom();
      const opened = openedOf(parts, mail);
      for (const inbox of inboxes) await receiveFor(parts, opened, inbox);
    },
  };
}

/** A mail with what is the same for all its recipients. */
interface OpenedMail extends IncomingMail {
  readonly sha256: string;
  readonly scan: HeaderScan;
  /** Asked at most once. */
  authentication(): Promise<Authentication>;
}

function openedOf({ authenticator }: Parts, mail: IncomingMail): OpenedMail {
  let asked: Promise<Authentication> | undefined;
  return {
    ...mail,
    sha256: hash('sha256', mail.raw, 'hex'),
    scan: scanHeader(mail.raw),
    authentication() {
      const { raw, remoteAddress: ip, helo, envelopeSender: sender } = mail;
      asked ??= authenticator.authenticate({ raw, ip, helo, sender });
      return asked;
    },
  };
}

async function receiveFor(parts: Parts, mail: OpenedMail, inbox: Inbox): Promise<void> {
  const { tenant, sourceId } = inbox;
  const { sha256 } = mail;
  const workId = workIdOf({ sourceId, messageId: mail.scan.messageId, sha256 });
  const tables = parts.tables.forTenant(tenant);
  if ((await tables.get({ kind: WORK_KIND, id: workId })) !== undefined) {
    return parts.log.info({ tenant, sourceId, workId }, 'a mail came again');
  }
  const trust = await trustIn(mail, inbox);
  await parts.blobs.put(rawKeyOf(tenant, sha256), mail.raw);
  const id = randomUUIDv7();
  const now = new Date(parts.clock());
  const value = rowOf({ mail, inbox, workId, trust, now });
  const event = receivedEvent({ id, tenant, value, now });
  const work = { kind: WORK_KIND, id: workId, value: { messageId: id } };
  const result = await tables.write({
    changes: [{ put: work, expect: 0 }, ...messageChanges(id, value)],
    events: [event],
  });
  // Lost to the same mail on another connection, which is as good.
  if (!result.ok) return parts.log.info({ tenant, sourceId, workId }, 'a mail came twice at once');
  parts.relay.kick([event]);
  parts.log.info({ tenant, sourceId, messageId: id, status: value.status }, 'a mail was received');
  if (value.status === 'received') await parts.enqueue({ tenant, id });
}

async function trustIn(mail: OpenedMail, { source }: Inbox): Promise<CadMessage['trust']> {
  const question = { ...mail, source };
  if (mail.findings !== undefined) return decideBySes(question, mail.findings);
  if (!wantsAuthentication(question)) return decideTrust(question);
  return decideTrust(question, await mail.authentication());
}

function receivedEvent(about: {
  readonly id: string;
  readonly tenant: TenantId;
  readonly value: MessageRow;
  readonly now: Date;
}) {
  const { id, tenant, value, now } = about;
  return auditEventOf({
    caller: jobCaller('cad-ingest', { tenant }),
    action: 'cad-ingest.message.received',
    object: { type: 'cad-message', id, version: 1 },
    changes: receivedFacts(value),
    now,
  });
}
