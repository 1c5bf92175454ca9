/** What stands in the vault's folder, and what a look or a change from outside does. */
import { chmod, copyFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openVault } from '#shared/embedded/vault.ts';
import { seal, sealWithNonce, unseal } from '#shared/embedded/vault-xaes.ts';
import { temporaryFolder } from '#test/support/folder.ts';

const text = Buffer.from('what was signed');

async function openUsed() {
  const folder = await temporaryFolder();
  const dir = join(folder.path, 'vault');
  const vault = await openVault({ dir });
  await vault.sign('caller-context/gateway', text);
  await vault.mac('blob-ticket/files', text);
  return { dir, vault, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function filesIn(dir: string): Promise<string[]> {
  const all = await readdir(dir, { recursive: true, withFileTypes: true });
  return all.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}

describe('the folder of the vault', () => {
  test('is for its own account alone, and nothing is left over in it', async () => {
    await using used = await openUsed();
    const files = await filesIn(used.dir);
    expect(files.map((file) => file.slice(used.dir.length)).toSorted()).toEqual([
      '/mac/blob-ticket_files/000001',
      '/root.key',
      '/sign/caller-context_gateway/000001',
    ]);
    for (const file of files) expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(used.dir)).mode & 0o777).toBe(0o700);
  });

  test('holds no private key in the clear', async () => {
    await using used = await openUsed();
    const sealed = await readFile(join(used.dir, 'sign/caller-context_gateway/000001'));
    // PKCS #8 of an Ed25519 key begins so: RFC 8410 section 7.
    expect(sealed.includes(Buffer.from('302e020100300506032b6570', 'hex'))).toBe(false);
  });

  test('does not open when others may read the root key', async () => {
    await using used = await openUsed();
    await chmod(join(used.dir, 'root.key'), 0o640);
    await expect(openVault({ dir: used.dir })).rejects.toThrow('chmod 600');
  });

  test('does not get a new root key when the old one is lost', async () => {
    await using used = await openUsed();
    await rm(join(used.dir, 'root.key'));
    await expect(openVault({ dir: used.dir })).rejects.toThrow('Put it back');
    expect(await readdir(used.dir)).not.toContain('root.key');
  });

  test('does not take a key file that stands under another name', async () => {
    await using used = await openUsed();
    await used.vault.sign('other', text);
    const from = join(used.dir, 'sign/caller-context_gateway/000001');
    await copyFile(from, join(used.dir, 'sign/other/000001'));
    await using later = await openVault({ dir: used.dir });
    await expect(later.sign('other', text)).rejects.toThrow('does not open');
  });

  test('does not take a key file of which a bit was changed', async () => {
    await using used = await openUsed();
    const file = join(used.dir, 'mac/blob-ticket_files/000001');
    const sealed = await readFile(file);
    sealed[40] = (sealed[40] ?? 0) ^ 1;
    await writeFile(file, sealed);
    await using later = await openVault({ dir: used.dir });
    await expect(later.mac('blob-ticket/files', text)).rejects.toThrow('does not open');
  });
});

describe('XAES-256-GCM', () => {
  const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX');
  const bytes = Buffer.from('XAES-256-GCM');

  // The vectors of c2sp.org/XAES-256-GCM; their two keys take both ways through the doubling.
  test.each([
    [1, '', 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271'],
    [3, 'c2sp.org/XAES-256-GCM', '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d'],
  ])('gives the published bytes for a key of bytes %i', (byte, words, expected) => {
    const key = Buffer.alloc(32, byte);
    const context = Buffer.from(words);
    const sealed = sealWithNonce({ key, nonce, bytes, context });
    expect(Buffer.from(sealed).toString('hex')).toBe(nonce.toString('hex') + expected);
    expect(Buffer.from(unseal(key, sealed, context))).toEqual(bytes);
  });

  test('never takes a nonce twice', () => {
    const key = Buffer.alloc(32, 1);
    const nonces = Array.from({ length: 1_000 }, () =>
      Buffer.from(seal(key, bytes, bytes).subarray(0, 24)).toString('hex'),
    );
    expect(new Set(nonces).size).toBe(1_000);
  });
});
