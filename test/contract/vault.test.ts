import { createPublicKey, verify } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test as plain } from 'vitest';
import type { PublicKey } from '#shared/ports/vault.ts';
import { openPlace, vaultAdapters } from './adapters.ts';

const NAME = 'caller-context/gateway';
const text = Buffer.from('what was signed');
/** The promise is "a few seconds". */
const SEEN_MS_MAX = 4_000;
/** SubjectPublicKeyInfo of Ed25519, up to the key: RFC 8410. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function isSignedBy(key: PublicKey | undefined, bytes: Uint8Array, signature: Uint8Array): boolean {
  const spki = Buffer.concat([SPKI_PREFIX, key?.key ?? new Uint8Array()]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return verify(null, bytes, publicKey, signature);
}

describe.each(vaultAdapters)('the vault on $name', ({ open, missing }) => {
  const test = plain.skipIf(missing);

  async function opened() {
    const place = await openPlace();
    return { place, vault: await open(place), again: () => open(place) };
  }

  describe('a signing key', () => {
    test('signs what its public key verifies, and nothing else', async () => {
      const { place, vault } = await opened();
      await using _ = place;
      const { keyId, signature } = await vault.sign(NAME, text);
      const keys = await vault.publicKeys(NAME);
      expect(keys).toMatchObject([{ id: keyId, current: true }]);
      expect(keys[0]?.key).toHaveLength(32);
      expect(signature).toHaveLength(64);
      expect(isSignedBy(keys[0], text, signature)).toBe(true);
      expect(isSignedBy(keys[0], Buffer.from('something else'), signature)).toBe(false);
    });

    test('is another one for each name', async () => {
      const { place, vault } = await opened();
      await using _ = place;
      const names = ['ledger', 'ledger/a', 'ledger.a', 'ledger-a', 'ledger/a/b'];
      const ids = await Promise.all(
        names.map(async (name) => (await vault.sign(name, text)).keyId),
      );
      expect(new Set(ids).size).toBe(names.length);
    });

    test('is still the same after the vault is opened again', async () => {
      const { place, vault, again } = await opened();
      await using _ = place;
      const { keyId, signature } = await vault.sign(NAME, text);
      await vault[Symbol.asyncDispose]();
      const later = await again();
      expect(await later.publicKeys(NAME)).toMatchObject([{ id: keyId }]);
      expect((await later.sign(NAME, text)).signature).toEqual(signature);
    });

    test('is one key when several vaults make it at the same time', async () => {
      const place = await openPlace();
      await using _ = place;
      const vaults = await Promise.all(Array.from({ length: 5 }, () => open(place)));
      const made = await Promise.all(vaults.map((vault) => vault.sign(NAME, text)));
      expect(new Set(made.map(({ keyId }) => keyId)).size).toBe(1);
      expect(await vaults[0]?.publicKeys(NAME)).toHaveLength(1);
    });

    test.each(['', 'Upper', 'a//b', '../a', 'a/..', '.a', 'a_b', 'a\0', `${'a'.repeat(129)}`])(
      'has no name such as "%s"',
      async (name) => {
        const { place, vault } = await opened();
        await using _ = place;
        await expect(vault.sign(name, text)).rejects.toThrow('key name');
        await expect(vault.mac(name, text)).rejects.toThrow('key name');
      },
    );
  });

  describe('a rotation', () => {
    test('makes a new current key and keeps the old ones, newest first', async () => {
      const { place, vault } = await opened();
      await using _ = place;
      const before = await vault.sign(NAME, text);
      const second = await vault.rotate(NAME);
      const third = await vault.rotate(NAME);
      const keys = await vault.publicKeys(NAME);
      expect(keys.map(({ id }) => id)).toEqual([third.id, second.id, before.keyId]);
      expect(keys.map(({ current }) => current)).toEqual([true, false, false]);
      expect((await vault.sign(NAME, text)).keyId).toBe(third.id);
      expect(isSignedBy(keys[2], text, before.signature)).toBe(true);
    });

    test('lets the older key sign where it is asked for by its id', async () => {
      const { place, vault, again } = await opened();
      await using _ = place;
      const { keyId } = await vault.sign(NAME, text);
      await vault.rotate(NAME);
      const other = await again();
      const signed = await other.sign(NAME, text, { keyId });
      const older = (await other.publicKeys(NAME)).find(({ id }) => id === keyId);
      expect(signed.keyId).toBe(keyId);
      expect(isSignedBy(older, text, signed.signature)).toBe(true);
      await expect(other.sign(NAME, text, { keyId: '0'.repeat(16) })).rejects.toThrow();
    });

    test('before the first signature makes the key that signs', async () => {
      const { place, vault } = await opened();
      await using _ = place;
      const made = await vault.rotate(NAME);
      expect((await vault.sign(NAME, text)).keyId).toBe(made.id);
    });

    test('is seen by the other vaults within a few seconds', async () => {
      const { place, vault, again } = await opened();
      await using _ = place;
      const other = await again();
      const old = await other.sign(NAME, text);
      const { id } = await vault.rotate(NAME);
      const endsAt = performance.now() + SEEN_MS_MAX;
      while ((await other.publicKeys(NAME))[0]?.id !== id) {
        expect(performance.now()).toBeLessThan(endsAt);
        await sleep(50);
      }
      expect((await other.sign(NAME, text)).keyId).toBe(id);
      expect(await other.publicKeys(NAME)).toMatchObject([{ id }, { id: old.keyId }]);
    });

    test('of several vaults at once loses none of the keys', async () => {
      const { place, vault, again } = await opened();
      await using _ = place;
      const vaults = [vault, await again(), await again()];
      const made = await Promise.all(vaults.map((each) => each.rotate(NAME)));
      expect(new Set(made.map(({ id }) => id)).size).toBe(vaults.length);
      const keys = await (await again()).publicKeys(NAME);
      expect(keys.map(({ id }) => id)).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
      expect(keys.filter(({ current }) => current)).toHaveLength(1);
    });
  });

  describe('sealed bytes', () => {
    const context = { tenant: 'one', record: 'two' };

    test('open in any vault of the place, whatever the order of the words', async () => {
      const { place, vault, again } = await opened();
      await using _ = place;
      const other = await again();
      await fc.assert(
        fc.asyncProperty(fc.uint8Array(), async (bytes) => {
          const sealed = await vault.seal(context, bytes);
          const found = await other.open({ record: 'two', tenant: 'one' }, sealed);
          expect(Buffer.from(found)).toEqual(Buffer.from(bytes));
        }),
        { numRuns: 50 },
      );
    });

    test('are different each time, and hide what they hold', async () => {
      const { place, vault } = await opened();
      await using _ = place;
      const first = await vault.seal(context, text);
      const second = await vault.seal(context, text);
      expect(first).not.toEqual(second);
      expect(Buffer.from(first).includes('signed')).toBe(false);
    });

    test.each([
      ['another word', { tenant: 'one', record: 'three' }],
      ['a word less', { tenant: 'one' }],
      ['a word more', { tenant: 'one', record: 'two', more: '' }],
      ['words cut elsewhere', { tenant: 'one","record', two: '' }],
      ['no words', {}],
    ])('do not open with %s', async (_, other) => {
      const { place, vault } = await opened();
      await using _place = place;
      const sealed = await vault.seal(context, text);
      await expect(vault.open(other as Record<string, string>, sealed)).rejects.toThrow();
    });

    test('do not open with a bit of any byte changed, cut short or grown', async () => {
      const { place, vault } = await opened();
      await using _ = place;
      const sealed = await vault.seal(context, text);
      for (const [index, byte] of sealed.entries()) {
        const flipped = Uint8Array.from(sealed);
        flipped[index] = byte ^ (1 << (index & 7));
        await expect(vault.open(context, flipped)).rejects.toThrow();
      }
      for (const other of [sealed.subarray(1), sealed.subarray(0, -1), sealed.subarray(0, 8)]) {
        await expect(vault.open(context, other)).rejects.toThrow();
      }
      await expect(vault.open(context, Buffer.concat([sealed, text]))).rejects.toThrow();
    });

    test('do not open in a vault of another place', async () => {
      const { place, vault } = await opened();
      await using _ = place;
      const elsewhere = await opened();
      await using _other = elsewhere.place;
      const sealed = await vault.seal(context, text);
      await expect(elsewhere.vault.open(context, sealed)).rejects.toThrow();
    });
  });

  describe('a MAC', () => {
    test('has 32 bytes, the same in every vault of the place and at any time', async () => {
      const { place, vault, again } = await opened();
      await using _ = place;
      const mac = await vault.mac('blob-ticket/files', text);
      expect(mac).toHaveLength(32);
      expect(await (await again()).mac('blob-ticket/files', text)).toEqual(mac);
    });

    test('is another one for another name, other bytes or another place', async () => {
      const { place, vault } = await opened();
      await using _ = place;
      const elsewhere = await opened();
      await using _other = elsewhere.place;
      const macs = await Promise.all([
        vault.mac('blob-ticket/files', text),
        vault.mac('blob-ticket/cad-mail', text),
        vault.mac('blob-ticket/files', Buffer.from('something else')),
        elsewhere.vault.mac('blob-ticket/files', text),
      ]);
      expect(new Set(macs.map((mac) => Buffer.from(mac).toString('hex'))).size).toBe(4);
    });
  });
});
