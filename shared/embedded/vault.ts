/**
 * The vault port on a folder of sealed files. Any number of processes use it at the same time.
 *
 *   root.key                  32 random bytes, mode 0600: whoever has it has everything else
 *   sign/<name>/000001        a private Ed25519 key (PKCS #8), sealed; the highest number signs
 *   mac/<name>/000001         an HMAC key, sealed
 *
 * A file is made whole under another name and then linked, which exactly one of several processes
 * achieves; the others read the winner's. No file is ever changed or replaced.
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SealContext, Vault } from '#shared/ports/vault.ts';
import { createFile, ignoreMissing, makeFolder } from './disk/durable.ts';
import { newSigningKey, type OpenedKey, openSigningKey, signerOf } from './vault-ed25519.ts';
import { openKeyFiles } from './vault-files.ts';
import { seal, unseal } from './vault-xaes.ts';

const ROOT_BYTES = 32;
const MAC_KEY_BYTES = 32;
const OTHERS_MAY = 0o077;

export async function openVault({ dir }: { readonly dir: string }): Promise<Vault> {
  await makeFolder(dir);
  const root = await openRoot(dir);
  const sealKey = derive(root, 'watchdesk sealed values v1');
  const fileKey = derive(root, 'watchdesk key files v1');
  const signing = openKeyFiles<OpenedKey>({
    dir,
    kind: 'sign',
    fileKey,
    make: newSigningKey,
    open: openSigningKey,
  });
  const macs = openKeyFiles<Uint8Array>({
    dir,
    kind: 'mac',
    fileKey,
    make: () => randomBytes(MAC_KEY_BYTES),
    open: (bytes) => bytes,
  });
  return {
    ...signerOf(signing),
    async seal(context, bytes) {
      return seal(sealKey, bytes, contextBytes(context));
    },
    async open(context, sealed) {
      return unseal(sealKey, sealed, contextBytes(context));
    },
    async mac(name, bytes) {
      const [key] = await macs.all(name);
      return createHmac('sha256', key).update(bytes).digest();
    },
    async [Symbol.asyncDispose]() {
      signing.forget();
      macs.forget();
    },
  };
}

/** The root key, made at the very first opening. */
async function openRoot(dir: string): Promise<Uint8Array> {
  const path = join(dir, 'root.key');
  if ((await stat(path).catch(ignoreMissing)) === undefined) {
    await assertNothingSealed(dir, path);
    await createFile(path, randomBytes(ROOT_BYTES));
  }
  const { mode } = await stat(path);
  if ((mode & OTHERS_MAY) !== 0) {
    throw new Error(`${path} can be read by other accounts. Do: chmod 600 ${path}`);
  }
  const root = await readFile(path);
  if (root.length !== ROOT_BYTES) throw new Error(`${path} must have ${ROOT_BYTES} bytes`);
  return root;
}

/** A new root key beside old key files would look like a start and be a loss. */
async function assertNothingSealed(dir: string, path: string): Promise<void> {
  const names = await readdir(dir);
  // Another process may have made the root key and its first keys since it was looked for.
  if (!names.includes('sign') && !names.includes('mac')) return;
  if (names.includes('root.key')) return;
  throw new Error(`${path} is missing, and keys sealed under it are here. Put it back.`);
}

function derive(root: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', root, new Uint8Array(), purpose, ROOT_BYTES));
}

/** One text for one set of words, whatever their order; no two sets have the same. */
export function contextBytes(context: SealContext): Uint8Array {
  const words = Object.entries(context).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Buffer.from(JSON.stringify(words));
}
