import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test as plain } from 'vitest';
import { SIGNED_URL_LIFETIME_SECONDS_MAX, UPLOAD_LIFETIME_SECONDS } from '#contracts/limits.ts';
import { blobsAdapters, openPlace } from './adapters.ts';

const text = Buffer.from('the bytes of a file');
const other = Buffer.from('other bytes');

async function bytesOf(stream: Readable | undefined): Promise<Buffer | undefined> {
  return stream && Buffer.concat(await stream.toArray());
}

function headOf(bytes: Uint8Array) {
  return { sizeBytes: bytes.length, sha256: hash('sha256', bytes, 'hex') };
}

describe.each(blobsAdapters)('blobs on $name', ({ open, missing }) => {
  const test = plain.skipIf(missing);

  async function opened() {
    const place = await openPlace();
    const { blobs } = await open(place, 'files');
    return { place, blobs, again: async (store = 'files') => (await open(place, store)).blobs };
  }

  describe('an object', () => {
    test('comes back as it was put, with its length and hash', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      await fc.assert(
        fc.asyncProperty(fc.uuid(), fc.uint8Array({ maxLength: 5_000 }), async (key, bytes) => {
          expect(await blobs.put(key, bytes)).toBe('stored');
          expect(await bytesOf(await blobs.get(key))).toEqual(Buffer.from(bytes));
          expect(await blobs.head(key)).toEqual(headOf(bytes));
        }),
        { numRuns: 30 },
      );
    });

    test('may come in pieces', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(10_000, i));
      expect(await blobs.put('pieces', Readable.from(pieces))).toBe('stored');
      expect(await blobs.head('pieces')).toEqual(headOf(Buffer.concat(pieces)));
    });

    test('is undefined when it is not there', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      expect(await blobs.get('nothing')).toBeUndefined();
      expect(await blobs.head('nothing')).toBeUndefined();
    });

    test('is never replaced, not by many at once either', async () => {
      const { place, blobs, again } = await opened();
      await using _ = place;
      const second = await again();
      const putting = Array.from({ length: 12 }, (_, i) =>
        (i % 2 ? blobs : second).put('a/b', Readable.from([Buffer.from(`bytes ${i}`)])),
      );
      const results = await Promise.all(putting);
      expect(results.filter((result) => result === 'stored')).toHaveLength(1);
      const winner = results.indexOf('stored');
      expect(await bytesOf(await second.get('a/b'))).toEqual(Buffer.from(`bytes ${winner}`));
      expect(await blobs.put('a/b', text)).toBe('exists');
      expect(await blobs.head('a/b')).toEqual(headOf(Buffer.from(`bytes ${winner}`)));
    });

    test('is not there at all when its bytes broke off', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      async function* broken() {
        yield text;
        throw new Error('the line is dead');
      }
      await expect(blobs.put('a', Readable.from(broken()))).rejects.toThrow('the line is dead');
      expect(await blobs.head('a')).toBeUndefined();
      expect(await blobs.put('a', other)).toBe('stored');
    });

    test('is gone after it was removed, once and again, and can be put anew', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      await blobs.put('a/b/c', text);
      await blobs.remove('a/b/c');
      await blobs.remove('a/b/c');
      await blobs.remove('never/was');
      expect(await blobs.head('a/b/c')).toBeUndefined();
      expect(await blobs.put('a/b/c', other)).toBe('stored');
    });

    test('is gone after it was erased, whether it was there or not, and nothing else is', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      await blobs.put('a/b', text);
      await blobs.put('a/b/c', text);
      await blobs.put('a/bc', text);
      await blobs.erase('a/b');
      await blobs.erase('a/b');
      await blobs.erase('never/was');
      expect(await blobs.head('a/b')).toBeUndefined();
      expect(await bytesOf(await blobs.get('a/b/c'))).toEqual(text);
      expect(await bytesOf(await blobs.get('a/bc'))).toEqual(text);
      expect(await blobs.put('a/b', other)).toBe('stored');
    });

    test('can be read to its end while it is removed', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      await blobs.put('a', text);
      const stream = await blobs.get('a');
      await blobs.remove('a');
      expect(await bytesOf(stream)).toEqual(text);
    });

    test('belongs to its store', async () => {
      const { place, blobs, again } = await opened();
      await using _ = place;
      await blobs.put('a', text);
      const mail = await again('cad-mail');
      expect(await mail.head('a')).toBeUndefined();
      expect(await mail.put('a', other)).toBe('stored');
      expect(await blobs.head('a')).toEqual(headOf(text));
    });
  });

  describe('a key', () => {
    test('may be the beginning of other keys, or look like their folder', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      const keys = [
        'a',
        'a/b',
        'a/b/c',
        'a.b',
        'A',
        '-',
        '_',
        '.a',
        'a..b',
        `${'s'.repeat(200)}/x`,
      ];
      for (const key of keys) expect(await blobs.put(key, Buffer.from(key))).toBe('stored');
      for (const key of keys) expect(await bytesOf(await blobs.get(key))).toEqual(Buffer.from(key));
    });

    const longest = `${'s'.repeat(200)}/${'s'.repeat(200)}/${'s'.repeat(110)}`;
    test('may have 512 characters', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      expect(longest).toHaveLength(512);
      expect(await blobs.put(longest, text)).toBe('stored');
    });

    test.each([
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../../b',
      'a/..',
      'a\\b',
      'a b',
      'a\0',
      'é',
      'a~',
      '%2e%2e/a',
      `${longest}s`,
      's'.repeat(201),
    ])('cannot be "%s"', async (key) => {
      const { place, blobs } = await opened();
      await using _ = place;
      const get = { key, contentType: 'text/plain', fileName: 'a', lifetimeSeconds: 60 };
      const put = { key, contentType: 'text/plain', ...headOf(text), lifetimeSeconds: 60 };
      await expect(blobs.put(key, text)).rejects.toThrow('blob key');
      await expect(blobs.get(key)).rejects.toThrow('blob key');
      await expect(blobs.head(key)).rejects.toThrow('blob key');
      await expect(blobs.remove(key)).rejects.toThrow('blob key');
      await expect(blobs.erase(key)).rejects.toThrow('blob key');
      await expect(blobs.signPut(put)).rejects.toThrow('blob key');
      await expect(blobs.signGet(get)).rejects.toThrow('blob key');
    });
  });

  describe('a signed URL', () => {
    const get = { key: 'a', contentType: 'text/plain', fileName: 'a.txt', lifetimeSeconds: 60 };
    const put = { key: 'a', contentType: 'text/plain', ...headOf(text), lifetimeSeconds: 60 };

    test('says where, with which headers and until when', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      const expiresAt = new Date(place.clock() + 60_000).toISOString();
      const upload = await blobs.signPut(put);
      expect(upload).toMatchObject({ headers: { 'content-type': 'text/plain' }, expiresAt });
      const download = await blobs.signGet(get);
      expect(download).toMatchObject({ headers: {}, expiresAt });
      for (const { url } of [upload, download]) expect(new URL(url).protocol).toBe('https:');
    });

    test('lives as long as the limits say, and no longer', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      await blobs.signGet({ ...get, lifetimeSeconds: SIGNED_URL_LIFETIME_SECONDS_MAX });
      await blobs.signPut({ ...put, lifetimeSeconds: UPLOAD_LIFETIME_SECONDS });
      for (const lifetimeSeconds of [0, -1, SIGNED_URL_LIFETIME_SECONDS_MAX + 1]) {
        await expect(blobs.signGet({ ...get, lifetimeSeconds })).rejects.toThrow('lives');
      }
      for (const lifetimeSeconds of [0, -1, UPLOAD_LIFETIME_SECONDS + 1]) {
        await expect(blobs.signPut({ ...put, lifetimeSeconds })).rejects.toThrow('lives');
      }
    });

    test('has terms that are none when they could break a header or say nothing', async () => {
      const { place, blobs } = await opened();
      await using _ = place;
      for (const contentType of ['', 'text', 'text/plain\r\nx: y', 'text/html; x=y']) {
        await expect(blobs.signGet({ ...get, contentType })).rejects.toThrow('media type');
        await expect(blobs.signPut({ ...put, contentType })).rejects.toThrow('media type');
      }
      await expect(blobs.signPut({ ...put, sizeBytes: -1 })).rejects.toThrow('length');
      await expect(blobs.signPut({ ...put, sha256: 'ABC' })).rejects.toThrow('SHA-256');
      await expect(blobs.signGet({ ...get, fileName: 'a\ud800' })).rejects.toThrow('well-formed');
    });
  });
});
