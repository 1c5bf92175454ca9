/** Writing signed notes; reading and verifying them is the portable verifier's. */
import {
  ED25519_TYPE,
  isKeyName,
  keyIdOf,
  parseVerifierKey,
  type VerifierKey,
} from '../portable/note.ts';

export interface NoteKey {
  /** Key name; of a log, its origin. */
  readonly name: string;
  /** Ed25519, raw 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Of its signatures; absent: plain Ed25519, as logs sign. */
  readonly type?: number;
}

/** The note with one signature line. */
export function signedNote(text: string, key: NoteKey, signature: Uint8Array): string {
  return noteWith(text, [signatureLine(key, signature)]);
}

export function noteWith(text: string, lines: readonly string[]): string {
  if (!text.endsWith('\n')) throw new Error('not fit for a signed note');
  return `${text}\n${lines.join('')}`;
}

/** The line of a signature, which covers the text with its last newline. */
export function signatureLine({ name, publicKey, type }: NoteKey, signature: Uint8Array): string {
  if (!isKeyName(name)) throw new Error('not fit for a signed note');
  const blob = Buffer.concat([keyIdOf(name, publicKey, type), signature]).toString('base64');
  return `— ${name} ${blob}\n`;
}

/** `name+<key id as 8 hex>+base64(type || public key)`: what a stranger needs to verify. */
export function verifierKeyOf({ name, publicKey, type = ED25519_TYPE }: NoteKey): string {
  const keyId = Buffer.from(keyIdOf(name, publicKey, type)).toString('hex');
  const key = Buffer.concat([Uint8Array.of(type), publicKey]).toString('base64');
  return `${name}+${keyId}+${key}`;
}

/** The same, as the verifier takes it. */
export function asVerifierKey(key: NoteKey): VerifierKey {
  const parsed = parseVerifierKey(verifierKeyOf(key));
  if (parsed === undefined) throw new Error(`${key.name} is no name of a key`);
  return parsed;
}
