/** The door behind the signed URLs, for stores that have no door of their own. */
import { hash } from 'node:crypto';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GetTerms, PutTerms } from '#shared/ports/blobs.ts';
import { openEmbeddedBlobs, openPlace } from './adapters.ts';

const bytes = Buffer.from('the bytes of a file');
const same = Buffer.from('the bytes of a filE');
const put: PutTerms = {
  key: 'tenant/file',
  contentType: 'text/plain',
  sizeBytes: bytes.length,
  sha256: hash('sha256', bytes, 'hex'),
  lifetimeSeconds: 60,
};
const get: GetTerms = {
  key: 'tenant/file',
  contentType: 'text/plain',
  fileName: 'report.txt',
  lifetimeSeconds: 60,
};
const headers = { 'content-type': 'text/plain', 'content-length': String(bytes.length) };

function ticketOf({ url }: { readonly url: string }): string {
  return new URL(url).pathname.split('/').at(-1) ?? '';
}

async function opened() {
  const place = await openPlace();
  const { blobs, door } = await openEmbeddedBlobs(place, 'files');
  const upload = async (
    body: Readable | Buffer = bytes,
    sent: Record<string, string> = headers,
  ) => {
    const ticket = ticketOf(await blobs.signPut(put));
    return door.accept({
      ticket,
      headers: sent,
      body: Buffer.isBuffer(body) ? Readable.from([body]) : body,
    });
  };
  const leftovers = () => readdir(join(place.folder, 'blobs', 'files', 'staging'));
  return { place, blobs, door, upload, leftovers };
}

test('what a process that died has left half uploaded is swept, and what is under way is not', async () => {
  const { place, leftovers } = await opened();
  await using _ = place;
  const staging = join(place.folder, 'blobs', 'files', 'staging');
  for (const [name, ageMs] of [
    ['.tmp-old', 2 * 60 * 60 * 1000],
    ['.tmp-young', 0],
  ] as const) {
    await writeFile(join(staging, name), 'half');
    const at = (place.clock() - ageMs) / 1000;
    await utimes(join(staging, name), at, at);
  }
  await openEmbeddedBlobs(place, 'files');
  expect(await leftovers()).toEqual(['.tmp-young']);
});

describe('an upload', () => {
  test('of what was announced is stored', async () => {
    const { place, blobs, upload, leftovers } = await opened();
    await using _ = place;
    expect(await upload()).toMatchObject({ status: 201 });
    expect(await blobs.head(put.key)).toEqual({ sizeBytes: put.sizeBytes, sha256: put.sha256 });
    expect(await leftovers()).toEqual([]);
  });

  test('sent again succeeds again', async () => {
    const { place, blobs, upload } = await opened();
    await using _ = place;
    expect(await upload()).toMatchObject({ status: 201 });
    expect(await upload()).toMatchObject({ status: 200 });
    expect(await blobs.head(put.key)).toMatchObject({ sha256: put.sha256 });
  });

  test('to a key with other bytes changes nothing', async () => {
    const { place, blobs, upload, leftovers } = await opened();
    await using _ = place;
    await blobs.put(put.key, same);
    expect(await upload()).toMatchObject({ status: 409 });
    expect(await blobs.head(put.key)).toMatchObject({ sha256: hash('sha256', same, 'hex') });
    expect(await leftovers()).toEqual([]);
  });

  async function* brokenOff() {
    yield bytes.subarray(0, 5);
    throw new Error('aborted');
  }

  test.each([
    ['other bytes of the same length', 422, same, headers],
    ['fewer bytes than announced', 422, bytes.subarray(1), headers],
    ['more bytes than announced', 422, Buffer.concat([bytes, bytes]), headers],
    ['no bytes', 422, Readable.from([]), headers],
    ['bytes that break off', 422, Readable.from(brokenOff()), headers],
    ['another length in the header', 422, bytes, { ...headers, 'content-length': '20' }],
    ['a length that is no number', 422, bytes, { ...headers, 'content-length': '0x13' }],
    ['no length in the header', 411, bytes, { 'content-type': 'text/plain' }],
    ['another type', 415, bytes, { ...headers, 'content-type': 'text/html' }],
    ['no type', 415, bytes, { 'content-length': headers['content-length'] }],
  ])('with %s is %i and leaves nothing', async (_, status, body, sent) => {
    const { place, blobs, upload, leftovers } = await opened();
    await using _place = place;
    const answer = await upload(body, sent);
    expect(answer).toMatchObject({ status });
    expect(answer.detail).not.toContain('aborted');
    expect(await blobs.head(put.key)).toBeUndefined();
    expect(await leftovers()).toEqual([]);
  });

  test('that is larger than announced is not read to its end', async () => {
    const { place, upload } = await opened();
    await using _ = place;
    let given = 0;
    function* endless() {
      for (;;) {
        given += 1;
        yield bytes;
      }
    }
    expect(await upload(Readable.from(endless()))).toMatchObject({ status: 422 });
    expect(given).toBeLessThan(100);
  });
});

describe('a ticket', () => {
  test('is over when its time is', async () => {
    const { place, blobs, door } = await opened();
    await using _ = place;
    await blobs.put(get.key, bytes);
    const ticket = ticketOf(await blobs.signGet(get));
    place.clock.advance(59_999);
    const inTime = await door.serve(ticket);
    expect(inTime.status).toBe(200);
    inTime.body?.destroy();
    place.clock.advance(1);
    expect(await door.serve(ticket)).toMatchObject({ status: 403 });
  });

  test('is for its method alone', async () => {
    const { place, blobs, door } = await opened();
    await using _ = place;
    await blobs.put(get.key, bytes);
    const upload = ticketOf(await blobs.signPut(put));
    const download = ticketOf(await blobs.signGet(get));
    expect(await door.serve(upload)).toMatchObject({ status: 403 });
    const body = Readable.from([bytes]);
    expect(await door.accept({ ticket: download, headers, body })).toMatchObject({ status: 403 });
  });

  test('is for its store alone', async () => {
    const { place, blobs } = await opened();
    await using _ = place;
    await blobs.put(get.key, bytes);
    const mail = await openEmbeddedBlobs(place, 'cad-mail');
    await mail.blobs.put(get.key, same);
    const ticket = ticketOf(await blobs.signGet(get));
    expect(await mail.door.serve(ticket)).toMatchObject({ status: 403 });
  });

  test('is not ours with any character changed, cut, added or spelt another way', async () => {
    const { place, blobs, door } = await opened();
    await using _ = place;
    await blobs.put(get.key, bytes);
    const ticket = ticketOf(await blobs.signGet(get));
    const alphabet = [...'ABab01-_.~=+ '];
    await fc.assert(
      fc.asyncProperty(
        fc.nat(ticket.length),
        fc.constantFrom(...alphabet),
        async (at, character) => {
          const changed = ticket.slice(0, at) + character + ticket.slice(at + 1);
          fc.pre(changed !== ticket);
          expect(await door.serve(changed)).toMatchObject({ status: 403 });
        },
      ),
      { numRuns: 300 },
    );
    const [terms = '', mac = ''] = ticket.split('.');
    for (const wrong of ['', '.', terms, `${terms}.`, `.${mac}`, `${ticket}=`, ticket.slice(1)]) {
      expect(await door.serve(wrong)).toMatchObject({ status: 403 });
    }
    expect(await door.serve('A'.repeat(1_000_000))).toMatchObject({ status: 403 });
  });

  test('whose terms are exchanged for better ones is not ours', async () => {
    const { place, blobs, door } = await opened();
    await using _ = place;
    await blobs.put('tenant/other', same);
    const [terms = '', mac] = ticketOf(await blobs.signGet(get)).split('.');
    const better = {
      ...JSON.parse(Buffer.from(terms, 'base64url').toString()),
      key: 'tenant/other',
    };
    const forged = Buffer.from(JSON.stringify(better)).toString('base64url');
    expect(await door.serve(`${forged}.${mac}`)).toMatchObject({ status: 403 });
  });
});

describe('a download', () => {
  test('has the bytes, and headers with which a browser saves them and runs nothing', async () => {
    const { place, blobs, door } = await opened();
    await using _ = place;
    await blobs.put(get.key, bytes);
    const answer = await door.serve(ticketOf(await blobs.signGet(get)));
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual({
      'content-type': 'text/plain',
      'content-length': String(bytes.length),
      'content-disposition': `attachment; filename="report.txt"; filename*=UTF-8''report.txt`,
      'cache-control': 'private, no-store',
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
    });
    expect(Buffer.concat((await answer.body?.toArray()) ?? [])).toEqual(bytes);
  });

  test('of what was removed is 404', async () => {
    const { place, blobs, door } = await opened();
    await using _ = place;
    const ticket = ticketOf(await blobs.signGet(get));
    expect(await door.serve(ticket)).toMatchObject({ status: 404 });
  });

  test('offers any name as one attachment, in printable ASCII, and the real one beside it', async () => {
    const { place, blobs, door } = await opened();
    await using _ = place;
    await blobs.put(get.key, bytes);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (fileName) => {
        fc.pre(fileName.isWellFormed());
        const answer = await door.serve(ticketOf(await blobs.signGet({ ...get, fileName })));
        answer.body?.destroy();
        const value = answer.headers['content-disposition'] ?? '';
        const form =
          /^attachment; filename="([A-Za-z0-9 ._-]*)"; filename\*=UTF-8''([A-Za-z0-9%!~._-]*)$/;
        const [, , encoded = ''] = form.exec(value) ?? [];
        expect(value).toMatch(form);
        expect(decodeURIComponent(encoded)).toBe(fileName);
      }),
      { numRuns: 100 },
    );
  });
});
