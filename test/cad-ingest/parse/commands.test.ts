import { PassThrough, Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Profile } from '#contracts/cad-profile.ts';
import { cadParse, readProfiles } from '#services/cad-ingest/commands.ts';

async function parse(input: string | Buffer[], profiles: readonly Profile[] = []) {
  const output = new PassThrough();
  const chunks: Buffer[] = [];
  output.on('data', (chunk: Buffer) => chunks.push(chunk));
  const readable = Readable.from(typeof input === 'string' ? [input] : input, {
    objectMode: false,
  });
  await cadParse({ input: readable, output, profiles });
  const text = Buffer.concat(chunks).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const page = JSON.stringify({ id: 7, body: 'CALL: FIRE\nADDR: 12 MILL RD', from: null });

test('answers every line in order, with the id that it came with', async () => {
  const second = JSON.stringify({ id: 'b', subject: 'Chest pain', body: '12 MILL RD, FAIRVALE' });
  const answers = await parse(`${page}\n\n${second}`);
  expect(answers).toMatchObject([
    { id: 7, kind: 'dispatch', fields: { nature: 'FIRE', address: '12 MILL RD' } },
    { id: 'b', fields: { nature: 'Chest pain' } },
  ]);
  expect(Object.keys(answers[0] ?? {})).toEqual([
    'id',
    'kind',
    'profile',
    'confidence',
    'fields',
    'unsure',
  ]);
});

test.each([
  ['no JSON', 'nonsense', null],
  ['no body', '{"id":3,"subject":"x"}', 3],
  ['a body that is no text', '{"id":4,"body":5}', 4],
  ['no object', '"text"', null],
])('a line with %s is answered with an error and stops nothing', async (_, line, id) => {
  const answers = await parse(`${line}\n${page}\n`);
  expect(answers).toMatchObject([
    { id, kind: 'other', profile: 'none', confidence: 0, fields: {}, error: expect.any(String) },
    { id: 7, kind: 'dispatch' },
  ]);
});

test('a character cut between two chunks stays whole', async () => {
  const bytes = Buffer.from(`${JSON.stringify({ id: 'é\u2028', body: 'x' })}\n`);
  const chunks = [...bytes].map((byte) => Buffer.from([byte]));
  expect(await parse(chunks)).toMatchObject([{ id: 'é\u2028' }]);
});

test('waits while the reader is slow', async () => {
  const taken: string[] = [];
  let waiting = 0;
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk, _, done) {
      waiting += 1;
      expect(waiting).toBe(1);
      setTimeout(() => {
        waiting -= 1;
        taken.push(String(chunk));
        done();
      }, 1);
    },
  });
  await cadParse({ input: Readable.from([`${page}\n`.repeat(20)]), output: slow, profiles: [] });
  expect(taken.length).toBeGreaterThanOrEqual(19);
  expect(slow.writableLength).toBeLessThan(2_000);
});

test('gives up when its reader is gone', async () => {
  const gone = new Writable({
    highWaterMark: 1,
    write() {
      setImmediate(() => this.destroy());
    },
  });
  const lines = Readable.from([`${page}\n`.repeat(5)]);
  await expect(cadParse({ input: lines, output: gone, profiles: [] })).rejects.toThrow('closed');
});

test('profiles are read from a JSON list, and a fault in one is named', () => {
  const list = [{ id: 'fairvale', version: 1, body: { split: ';', parts: ['nature'] } }];
  expect(readProfiles(JSON.stringify(list))).toEqual(list);
  expect(() => readProfiles('{')).toThrow(/profiles file/);
  expect(() => readProfiles('[{"id":"Bad Id","version":1,"body":"nature"}]')).toThrow(/0\.id/);
});

test('a profile that is given reads the lines of its source', async () => {
  const profile: Profile = {
    id: 'fairvale',
    version: 1,
    sources: ['fv'],
    body: { split: '/', parts: ['nature', 'address'] },
  };
  const line = JSON.stringify({ id: 1, source: 'fv', body: 'SMOKE/12 MILL RD' });
  expect(await parse(line, [profile])).toMatchObject([{ profile: 'fairvale' }]);
});
