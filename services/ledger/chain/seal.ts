/**
 * Sealed values: the disclosures of one event under the key of its record.
 *
 *   key id[8] || nonce[12] || AES-256-GCM(disclosures joined by `~`) || tag[16]
 *
 * `~` is what RFC 9901 joins disclosures with, and base64url does not have it. The additional data
 * binds tenant, event and record: sealed values of one cannot be passed off as those of another.
 * Events of one record in one block share a seal (seal-block.ts).
 */
import { createCipheriv, createDecipheriv, hash, type KeyObject } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';

export const KEY_BYTES = 32;
export const KEY_ID_BYTES = 8;
/** NIST SP 800-38D section 8.2.2: random, so at most 2^32 seals by one key. */
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = 'aes-256-gcm';

/** A key that seals the values of one record. Who destroys it expunges them. */
export interface RecordKey {
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** What the values are of. */
export interface SealSubject {
  readonly tenant: string;
  readonly eventId: string;
  readonly record: string;
}

/**
 * The record that an event is about, as its key row and its sealed values know it. An id that could
 * not be one of a row (control characters, lone surrogates) is known by its hash.
 */
export function recordOf({ object: { type, id } }: Pick<AuditEvent, 'object'>): string {
  return `${type}/${PRINTABLE.test(id) ? id : hash('sha256', id.toWellFormed(), 'hex')}`;
}

/** Actions of entries that tell, alone in their block, that a key was destroyed. */
export const RECORD_DESTROYED = 'ledger.record.expunged';
export const FIELDS_DESTROYED = 'ledger.field.expunged';

/** What the entry of an expungement took, if it is one. In the canonical form the action stands first. */
export function destructionIn(entry: Uint8Array): 'record' | 'fields' | undefined {
  const start = Buffer.from(entry.buffer, entry.byteOffset, Math.min(entry.length, START_BYTES));
  return DESTRUCTION_STARTS.find(({ text }) => start.indexOf(text) === 0)?.took;
}

const DESTRUCTION_STARTS = [
  { took: 'record', text: `{"action":"${RECORD_DESTROYED}",` },
  { took: 'fields', text: `{"action":"${FIELDS_DESTROYED}",` },
] as const;
const START_BYTES = 64;

/** The word with which every service says that values of the object were destroyed. */
const EXPUNGED = '.expunged';

/**
 * Name of the key that seals the values of an event: its record. The fact of an expungement is
 * about the record too, and has a key of its own: it must not go with the key that it destroys, nor
 * give the record a new one. No type of an object has a colon, so that no record has this name.
 */
export function sealedUnder(event: Pick<AuditEvent, 'action' | 'object'>): string {
  const record = recordOf(event);
  return event.action.endsWith(EXPUNGED) ? `expunged:${record}` : record;
}

const PRINTABLE = /^[\x20-\x7e]+$/;

export function sealedLength(disclosures: readonly string[]): number {
  const text = disclosures.reduce((sum, { length }) => sum + 1 + length, -1);
  return KEY_ID_BYTES + NONCE_BYTES + text + TAG_BYTES;
}

export function sealDisclosures(request: {
  readonly key: RecordKey;
  /** NONCE_BYTES random bytes, used once. */
  readonly nonce: Uint8Array;
  readonly subject: SealSubject;
  readonly disclosures: readonly string[];
}): Buffer {
  const { key, nonce, subject, disclosures } = request;
  return sealText({ key, nonce, bound: additionalData(subject), text: disclosures.join('~') });
}

/** `bound` is what the seal MUST be opened with; the text is ASCII. */
export function sealText(request: {
  readonly key: RecordKey;
  readonly nonce: Uint8Array;
  readonly bound: Uint8Array;
  readonly text: string;
}): Buffer {
  const { key, nonce, bound, text } = request;
  const cipher = createCipheriv(ALGORITHM, key.key, nonce);
  cipher.setAAD(bound);
  const sealed = cipher.update(text, 'latin1');
  // Counter mode: `final` adds nothing, but the tag is there only after it.
  cipher.final();
  return Buffer.concat([key.id, nonce, sealed, cipher.getAuthTag()]);
}

/** Id of the key that can open them. */
export function keyIdOf(sealed: Uint8Array): Buffer {
  return Buffer.from(sealed.subarray(0, KEY_ID_BYTES));
}

/** Throws when the key, the subject or the bytes are not those that were sealed. */
export function openDisclosures(request: {
  readonly key: RecordKey;
  readonly subject: SealSubject;
  readonly sealed: Uint8Array;
}): string[] {
  const { key, subject, sealed } = request;
  return openText({ key, bound: additionalData(subject), sealed }).split('~');
}

/** Throws when the key, what is bound or the bytes are not those that were sealed. */
export function openText(request: {
  readonly key: RecordKey;
  readonly bound: Uint8Array;
  readonly sealed: Uint8Array;
}): string {
  const { key, bound, sealed } = request;
  const nonceEnd = KEY_ID_BYTES + NONCE_BYTES;
  if (sealed.length < nonceEnd + TAG_BYTES) throw new Error('sealed values are cut short');
  const nonce = sealed.subarray(KEY_ID_BYTES, nonceEnd);
  const decipher = createDecipheriv(ALGORITHM, key.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const text = decipher.update(sealed.subarray(nonceEnd, -TAG_BYTES), undefined, 'latin1');
  return `${text}${decipher.final('latin1')}`;
}

function additionalData({ tenant, eventId, record }: SealSubject): Buffer {
  return Buffer.from(JSON.stringify(['watchdesk sealed values v1', tenant, eventId, record]));
}
