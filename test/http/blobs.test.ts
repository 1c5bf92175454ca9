import { hash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REQUEST_BODY_BYTES_MAX } from '#contracts/limits.ts';
import type { BlobStores } from '#shared/ports/blobs.ts';
import { openTestGateway, rawRequest, type TestGateway } from '#test/support/http.ts';

let gateway: TestGateway;
let stores: BlobStores;
let files = 0;

beforeAll(async () => {
  gateway = await openTestGateway({
    doors: {
      // The store is opened after the gateway, which is opened with its host.
      files: {
        accept: (request) => stores.door.accept(request),
        serve: (ticket) => stores.door.serve(ticket),
      },
    },
  });
  stores = await gateway.test.host.blobs('files');
});
afterAll(() => gateway[Symbol.asyncDispose]());

function ask(about: Parameters<typeof rawRequest>[1]) {
  const { host } = new URL(gateway.gateway.origin);
  return rawRequest(gateway.origin, { ...about, headers: { host, ...about.headers } });
}

async function announce(bytes: Uint8Array) {
  files += 1;
  const { url, headers } = await stores.blobs.signPut({
    key: `tenant/${files}`,
    contentType: 'image/png',
    sizeBytes: bytes.length,
    sha256: hash('sha256', bytes, 'hex'),
    lifetimeSeconds: 60,
  });
  return { key: `tenant/${files}`, path: new URL(url).pathname, headers };
}

describe('bytes', () => {
  test('larger than any JSON go in and come out again as they were', async () => {
    const bytes = randomBytes(REQUEST_BODY_BYTES_MAX * 3);
    const { key, path, headers } = await announce(bytes);
    const put = await ask({ method: 'PUT', path, headers, body: bytes });
    expect(put.status, put.text).toBe(201);
    expect((await stores.blobs.head(key))?.sha256).toBe(hash('sha256', bytes, 'hex'));
    const { url } = await stores.blobs.signGet({
      key,
      contentType: 'image/png',
      fileName: 'gauge "north".png',
      lifetimeSeconds: 60,
    });
    const got = await fetch(new URL(new URL(url).pathname, gateway.origin));
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
    const raw = await ask({ path: new URL(url).pathname });
    expect(raw.status).toBe(200);
    expect(raw.headers['content-length']).toBe(String(bytes.length));
    expect(raw.headers['content-disposition']).toMatch(/^attachment; /);
    expect(raw.headers['x-content-type-options']).toBe('nosniff');
    expect(raw.headers['content-security-policy']).toBe('sandbox');
  });

  test('of JSON are bytes like any other: nothing parses them', async () => {
    const bytes = Buffer.from('{"__proto__":');
    const { path, headers } = await announce(bytes);
    const wrong = { ...headers, 'content-type': 'application/json' };
    expect((await ask({ method: 'PUT', path, headers: wrong, body: bytes })).status).toBe(415);
    expect((await ask({ method: 'PUT', path, headers, body: bytes })).status).toBe(201);
  });

  test.each([
    ['other ones than announced', 422, 'content-mismatch', (bytes: Buffer) => bytes.fill(0)],
    ['fewer than announced', 422, 'content-mismatch', (bytes: Buffer) => bytes.subarray(1)],
  ])('%s are %i', async (_name, status, code, change) => {
    const bytes = randomBytes(1_000);
    const { key, path, headers } = await announce(bytes);
    const { 'content-length': _pinned, ...rest } = headers;
    const answer = await ask({ method: 'PUT', path, headers: rest, body: change(bytes) });
    expect(answer.status, answer.text).toBe(status);
    expect(JSON.parse(answer.text).code).toBe(code);
    expect(await stores.blobs.head(key)).toBeUndefined();
  });

  test('without a length are 400', async () => {
    const bytes = randomBytes(10);
    const { path, headers } = await announce(bytes);
    const { 'content-length': _pinned, ...rest } = headers;
    const chunked = { ...rest, 'transfer-encoding': 'chunked' };
    const answer = await ask({ method: 'PUT', path, headers: chunked, body: bytes });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).detail).toContain('content-length');
  });
});

describe('a ticket', () => {
  test('that is forged, over or for another method is 403', async () => {
    const bytes = randomBytes(10);
    const { path, headers } = await announce(bytes);
    const put = (to: string) => ask({ method: 'PUT', path: to, headers, body: bytes });
    expect((await put(`${path.slice(0, -1)}${path.endsWith('A') ? 'B' : 'A'}`)).status).toBe(403);
    expect((await ask({ path })).status).toBe(403);
    await gateway.advance(60_000);
    expect((await put(path)).status).toBe(403);
  });

  test('of a store that is none is 404, by a method that is none 405', async () => {
    expect((await ask({ path: '/blobs/other/ticket' })).status).toBe(404);
    const answer = await ask({ method: 'DELETE', path: '/blobs/files/ticket' });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, PUT');
    expect((await ask({ method: 'HEAD', path: '/blobs/files/ticket' })).status).toBe(405);
  });
});
