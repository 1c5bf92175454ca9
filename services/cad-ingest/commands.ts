import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import { type Profile, profile } from '#contracts/cad-profile.ts';
import { MAIL_BYTES_MAX } from '#contracts/limits.ts';
import { Problem } from '#shared/problem.ts';
import { learnProfiles } from './learn/learn-profiles.ts';
import { type SampleLine, sampleLine } from './learn/sample.ts';
import { readPage } from './parse/read-page.ts';
import { writeWhole } from './write-whole.ts';

/** A page as JSON is a little longer than the mail it came in. */
const LINE_CHARS_MAX = 2 * MAIL_BYTES_MAX;

const optionalText = z.string().nullish();
const pageLine = z.looseObject({
  body: z.string({ error: 'body must be the text of the page' }),
  subject: optionalText,
  from: optionalText,
  source: optionalText,
  receivedAt: optionalText,
});

export interface CadParse {
  readonly input: Readable;
  readonly output: Writable;
  readonly profiles: readonly Profile[];
}

/**
 * `watchdesk cad parse --jsonl`: one answer per line `{id, from?, subject?, body, source?}`, in
 * order. A line that cannot be read is answered with an `error`, and the rest goes on.
 */
export async function cadParse({ input, output, profiles }: CadParse): Promise<void> {
  for await (const line of linesOf(input)) {
    if (line.trim() === '') continue;
    await write(output, `${JSON.stringify(answer(line, profiles))}\n`);
  }
}

export interface CadLearn {
  readonly input: Readable;
  /** File that the list of profiles is written to. */
  readonly out: string;
}

/**
 * `watchdesk cad learn --jsonl SAMPLES --out FILE`: one profile for each `source` of the lines
 * `{source?, subject?, body, fields}`. A line that cannot be used ends it before the file is written:
 * a profile from part of the samples would be taken for one from all of them.
 */
export async function cadLearn({ input, out }: CadLearn): Promise<readonly Profile[]> {
  const samples: SampleLine[] = [];
  let number = 0;
  for await (const line of linesOf(input)) {
    number += 1;
    if (line.trim() !== '') samples.push(sampleOf(line, number));
  }
  const profiles = z.array(profile).parse(learnProfiles(samples));
  await writeWhole(out, `${JSON.stringify(profiles, null, 1)}\n`);
  return profiles;
}

function sampleOf(line: string, number: number): SampleLine {
  const sample = sampleLine.safeParse(parseJson(line));
  if (line.length <= LINE_CHARS_MAX && sample.success) return sample.data;
  const why = sample.success ? 'it is longer than a mail may be' : sample.error.issues[0]?.message;
  throw new Problem('validation', {
    detail: `Line ${number} of the samples cannot be used: ${why ?? 'it is no sample'}.`,
  });
}

/** The list of a `--profiles` file. */
export function readProfiles(json: string): Profile[] {
  const list = z.array(profile).safeParse(parseJson(json));
  if (list.success) return list.data;
  const issue = list.error.issues[0];
  const place = issue === undefined ? '' : `${issue.path.join('.')} ${issue.message}`;
  throw new Problem('validation', {
    detail: `The profiles file must be a JSON list of profiles: ${place.trim()}.`,
  });
}

function answer(line: string, profiles: readonly Profile[]): object {
  if (line.length > LINE_CHARS_MAX) return refusal(null, 'the line is longer than a mail may be');
  const value = parseJson(line);
  if (value === undefined) return refusal(null, 'the line is not valid JSON');
  const id = idOf(value);
  const page = pageLine.safeParse(value);
  if (!page.success) return refusal(id, page.error.issues[0]?.message ?? 'the line is no page');
  const { body, subject, from, source, receivedAt } = page.data;
  const draft = readPage(
    {
      body,
      ...(subject == null ? {} : { subject }),
      ...(from == null ? {} : { from }),
      ...(source == null ? {} : { source }),
      ...(receivedAt == null ? {} : { receivedAt }),
    },
    profiles,
  );
  return { id, ...draft };
}

function refusal(id: unknown, error: string): object {
  return { id, kind: 'other', profile: 'none', confidence: 0, fields: {}, unsure: [], error };
}

function idOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'id' in value ? value.id : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller answers for a text that is no JSON; there is nothing to clean up.
    return undefined;
  }
}

/** Lines end at `\n` alone: JSON may hold other line separators inside its strings. */
async function* linesOf(input: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest: string[] = [];
  let length = 0;
  for await (const chunk of input) {
    const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    const lines = text.split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      yield rest.join('') + line;
      rest = [];
      length = 0;
    }
    // Past the bound the line is refused anyway; its rest is not kept.
    if (length <= LINE_CHARS_MAX) rest.push(last);
    length += last.length;
  }
  const final = rest.join('') + decoder.end();
  if (final !== '') yield final;
}

/** Waits while the reader is slow, and gives up when it is gone. */
async function write(output: Writable, text: string): Promise<void> {
  if (output.write(text)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error) => {
      output.off('drain', settled).off('close', closed).off('error', settle);
      if (error === undefined) resolve();
      else reject(error);
    };
    const settled = () => settle();
    const closed = () => settle(new Error('The output was closed before all lines were written.'));
    output.on('drain', settled).on('close', closed).on('error', settle);
  });
}
