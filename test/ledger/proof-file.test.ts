import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseProofFile } from '#services/ledger/portable/proof-file.ts';
import { verifyProofFile } from '#services/ledger/portable/verify.ts';
import { eventsOf } from './fixture.ts';
import { openPublicLog, type PublicLog } from './public-log.ts';

let log: PublicLog;
let entry: Uint8Array;
let verifierKey: string;
const path = '/v1/ledger/entries/5/proof';

beforeAll(async () => {
  log = await openPublicLog();
  await log.append(eventsOf(log.tenant, 20));
  entry = Buffer.from((await log.admin.get('/v1/ledger/entries/5')).body.bytes, 'base64');
  verifierKey = (await log.admin.get('/v1/ledger/checkpoint')).body.verifierKey;
});
afterAll(() => log[Symbol.asyncDispose]());

describe('an inclusion proof as a file', () => {
  test.each([
    ['?format=tlog-proof', 'application/json'],
    ['', 'text/plain'],
    ['', 'application/json;q=0.5, text/plain'],
    ['', 'text/plain, */*;q=0.1'],
  ])('is the answer to %s with Accept: %s', async (query, accept) => {
    const answer = await log.admin.get(`${path}${query}`, { accept });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('vary')).toBe('accept');
    const verdict = await verifyProofFile({ file: answer.body, entry, verifierKey });
    expect(verdict).toMatchObject({ ok: true });
  });

  test.each([
    ['', '*/*'],
    ['', 'application/json, text/plain, */*'],
    ['', 'text/plain;q=0, */*'],
    ['?format=json', 'text/plain'],
  ])('is not the answer to %s with Accept: %s, which is JSON', async (query, accept) => {
    const { body, headers } = await log.admin.get(`${path}${query}`, { accept });
    expect(headers.get('content-type')).toMatch('application/json');
    expect(body).toMatchObject({ seq: 5 });
    expect(await verifyProofFile({ file: body.proofFile, entry, verifierKey })).toMatchObject({
      ok: true,
      head: { size: body.size },
    });
  });

  test('of another form is refused', async () => {
    expect((await log.admin.get(`${path}?format=pdf`)).status).toBe(400);
  });

  test('proves no other entry, no other place, and nothing under another key', async () => {
    const file: string = (await log.admin.get(`${path}?format=tlog-proof`)).body;
    const other = Buffer.from((await log.admin.get('/v1/ledger/entries/6')).body.bytes, 'base64');
    const strangers = verifierKey.replace(/\+[0-9a-f]{8}\+/, '+00000000+');
    for (const evidence of [
      { file, entry: other, verifierKey },
      { file: file.replace('index 5\n', 'index 6\n'), entry, verifierKey },
      { file: file.replace(/\n[^\n]{44}\n/, '\n'), entry, verifierKey },
      { file, entry, verifierKey: strangers },
      { file: file.replace('@v1', '@v2'), entry, verifierKey },
    ]) {
      expect((await verifyProofFile(evidence)).ok, evidence.file).toBe(false);
    }
  });
});

describe('a proof file', () => {
  const hash = Buffer.alloc(32, 7).toString('base64');
  const file = `c2sp.org/tlog-proof@v1\nindex 3\n${hash}\n\nlog.example\n4\n`;

  test('may hold extra data, which says nothing', () => {
    const extra = file.replace('index', 'extra YQ==\nindex');
    expect(parseProofFile(extra)).toEqual(parseProofFile(file));
    expect(parseProofFile(file)).toMatchObject({ index: 3, checkpoint: 'log.example\n4\n' });
  });

  test('of one entry has no hash', () => {
    const alone = 'c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example\n1\n';
    expect(parseProofFile(alone)).toMatchObject({ index: 0, hashes: [] });
  });

  test.each([
    ['another head', file.replace('tlog-proof', 'spicy-signature')],
    ['an index with a zero in front', file.replace('index 3', 'index 03')],
    ['no index', file.replace('index 3\n', '')],
    ['an index that no number can hold', file.replace('index 3', 'index 9007199254740992')],
    ['a hash that is too short', file.replace(hash, 'YQ==')],
    ['a hash in another alphabet', file.replace(hash, hash.replace('B', '_'))],
    ['extra data behind the index', file.replace('index 3', 'index 3\nextra YQ==')],
    ['extra data that is no base64', file.replace('index', 'extra a\nindex')],
    ['more hashes than any tree has', file.replace(hash, Array(64).fill(hash).join('\n'))],
    ['no checkpoint', file.slice(0, file.indexOf('\n\n'))],
    ['nothing', ''],
  ])('with %s is none', (_what, text) => {
    expect(parseProofFile(text)).toBeUndefined();
  });
});
