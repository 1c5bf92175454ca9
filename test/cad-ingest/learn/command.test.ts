import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cadLearn, readProfiles } from '#services/cad-ingest/commands.ts';

const run = promisify(execFile);
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cad-learn-'));
});

afterEach(() => rm(folder, { recursive: true }));

const samples = ['LZ SETUP', 'CHIMNEY', 'SQUAD RUN'].map((nature, at) => ({
  source: 'fairvale',
  body: `What: ${nature} Where: ${at + 1}2 MILL RD`,
  fields: { nature, address: `${at + 1}2 MILL RD` },
}));
const lines = samples.map((sample) => `${JSON.stringify(sample)}\n`).join('');

test('the command writes a file that the parse command reads by', async () => {
  const [given, out] = [join(folder, 'samples.jsonl'), join(folder, 'profiles.json')];
  await writeFile(given, lines);
  await run(process.execPath, ['services/cli.ts', 'cad', 'learn', '--jsonl', given, '--out', out]);
  const page = { id: 1, source: 'fairvale', body: 'What: PIG LOOSE Where: 8 ELM ST' };
  const args = ['services/cli.ts', 'cad', 'parse', '--jsonl', '--profiles', out];
  const parse = run(process.execPath, args);
  parse.child.stdin?.end(`${JSON.stringify(page)}\n`);
  expect(JSON.parse((await parse).stdout)).toMatchObject({
    id: 1,
    profile: readProfiles(await readFile(out, 'utf8'))[0]?.id,
    fields: { nature: 'PIG LOOSE', address: '8 ELM ST' },
  });
});

test.each([
  ['is no JSON', '{'],
  ['has no body', '{"fields":{}}'],
  ['has no fields', '{"body":"x"}'],
])('a line that %s is named, and the file stays as it was', async (_, line) => {
  const out = join(folder, 'profiles.json');
  await writeFile(out, '[]');
  const input = Readable.from([`${lines}${line}\n`]);
  await expect(cadLearn({ input, out })).rejects.toThrow('Line 4');
  expect(await readFile(out, 'utf8')).toBe('[]');
  expect(await readdir(folder)).toEqual(['profiles.json']);
});

test('a file that cannot be put in place leaves nothing behind', async () => {
  const input = Readable.from([lines]);
  await expect(cadLearn({ input, out: folder })).rejects.toThrow();
  expect(await readdir(folder)).toEqual([]);
});
