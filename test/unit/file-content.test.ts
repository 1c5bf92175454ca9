import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentTypes } from '#contracts/files.ts';
import { refusalOf } from '#services/files/content.ts';
import { html, samples, tiffWithDirectoryAt } from '#test/support/samples.ts';

/** The bytes in pieces of that many, as a store gives them. */
function look(contentType: string, bytes: Uint8Array, piece = 65_536) {
  return refusalOf(contentType, async () =>
    Readable.from(
      (function* () {
        for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
      })(),
      { objectMode: false },
    ),
  );
}

describe('each type', () => {
  test.each(contentTypes)('%s is known by its content', async (contentType) => {
    expect(await look(contentType, samples[contentType])).toBeUndefined();
    expect(await look(contentType, samples[contentType], 7)).toBeUndefined();
  });

  test('and taken for no other, but text for text', async () => {
    for (const announced of contentTypes) {
      for (const [actual, bytes] of Object.entries(samples)) {
        const alike = announced === actual || (/^text/.test(announced) && /^text/.test(actual));
        const refusal = await look(announced, bytes);
        expect(refusal === undefined, `${actual} as ${announced}: ${refusal}`).toBe(alike);
      }
    }
  });

  test('a picture is known however far behind its directory stands', async () => {
    expect(await look('image/tiff', tiffWithDirectoryAt(8 * 1024 * 1024))).toBeUndefined();
  });
});

describe('what is no text', () => {
  test.each<[string, Buffer]>([
    ['HTML', html],
    ['HTML behind spaces and a byte order mark', Buffer.from('\ufeff \n\t<HTML lang="en">')],
    ['SVG', Buffer.from('<svg onload="alert(1)"/>')],
    ['XML', Buffer.from('<?xml version="1.0"?><a/>')],
    ['a comment in front of markup', Buffer.from('<!-- x --><script>alert(1)</script>')],
    ['PDF', samples['application/pdf']],
    ['RTF', Buffer.from('{\\rtf1 hello}')],
    ['NUL', Buffer.from('a\0b')],
    ['a control character', Buffer.from('a\u001bb')],
    ['a C1 control character', Buffer.from('a\u0085b')],
    ['Latin-1', Buffer.from('Mühlgasse', 'latin1')],
    ['UTF-16', Buffer.from('\ufeffhello', 'utf16le')],
    ['half of a character at the end', Buffer.from('Mü').subarray(0, 2)],
    ['an overlong slash', Buffer.from([0x2e, 0xc0, 0xaf])],
  ])('%s', async (_, bytes) => {
    expect(await look('text/plain', bytes)).toMatch(/^The content is |^The content has /);
    expect(await look('text/csv', bytes, 1)).toMatch(/^The content is |^The content has /);
  });

  test.each(['BM 14 is on scene', 'MZ, ID3 and GIF are letters', 'a < b and <3', '<E91> en route'])(
    'but %j is text',
    async (text) => {
      expect(await look('text/plain', Buffer.from(text))).toBeUndefined();
    },
  );

  test('printable text is text however it is cut', async () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => `- ${text}`);
    const printable = line.filter((text) => text.isWellFormed() && !/\p{Cc}/u.test(text));
    await fc.assert(
      fc.asyncProperty(printable, fc.integer({ min: 1, max: 5 }), async (text, piece) => {
        expect(await look('text/plain', Buffer.from(text), piece)).toBeUndefined();
      }),
    );
  });

  test('bytes of chance are never taken for a picture or a document, nor do they break anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        for (const type of ['image/png', 'application/pdf', 'image/tiff']) {
          expect(await look(type, bytes)).toMatch(/^The content is /);
        }
        await look('text/plain', bytes);
      }),
    );
  });
});
