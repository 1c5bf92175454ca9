/**
 * The keys that sign checkpoints. One name in the vault for all logs: in a note the key is told apart
 * by the log's origin.
 *
 * The newest two sign every note. So a verifier key that somebody pinned goes on verifying after a
 * rotation, until the next one, and meanwhile its holder finds the new key under notes that the old
 * one has signed.
 */
import type { Vault } from '#shared/ports/vault.ts';
import { type NoteKey, signatureLine, verifierKeyOf } from '../chain/note.ts';
import { areEqual } from '../portable/hash.ts';
import { keyIdOf, type NoteSignature } from '../portable/note.ts';

/** Name in the vault of the key that signs checkpoints. */
export const CHECKPOINT_KEY = 'ledger/checkpoint';
const SIGNING_KEYS = 2;

/** Signature lines of the text by every key that signs now, the current one first. */
export function signatureLines(vault: Vault, origin: string, text: string): Promise<string[]> {
  return linesBeside(vault, origin, text, []);
}

/** The same, but for the keys whose signatures are there already. */
export async function linesBeside(
  vault: Vault,
  origin: string,
  text: string,
  signatures: readonly NoteSignature[],
): Promise<string[]> {
  const keys = (await vault.publicKeys(CHECKPOINT_KEY)).slice(0, SIGNING_KEYS);
  const missing = keys.filter(
    ({ key }) => !hasSigned({ name: origin, publicKey: key }, signatures),
  );
  return Promise.all(
    missing.map(async ({ id, key }) => {
      const { signature } = await vault.sign(CHECKPOINT_KEY, Buffer.from(text), { keyId: id });
      return signatureLine({ name: origin, publicKey: key }, signature);
    }),
  );
}

/** Verifier keys of all that has ever signed for that origin, the current one first. */
export async function verifierKeysOf(vault: Vault, origin: string): Promise<[string, ...string[]]> {
  const keys = await vault.publicKeys(CHECKPOINT_KEY);
  const [first, ...rest] = keys.map(({ key }) => verifierKeyOf({ name: origin, publicKey: key }));
  if (first === undefined) throw new Error('the vault has no key of a name that it has');
  return [first, ...rest];
}

function hasSigned({ name, publicKey }: NoteKey, signatures: readonly NoteSignature[]): boolean {
  const id = keyIdOf(name, publicKey);
  return signatures.some((each) => each.name === name && areEqual(each.keyId, id));
}
