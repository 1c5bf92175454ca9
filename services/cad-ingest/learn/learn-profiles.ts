import { createHash } from 'node:crypto';
import type { Profile } from '#contracts/cad-profile.ts';
import { withReplaced } from '../parse/compile.ts';
import { readPlain } from '../parse/read-page.ts';
import { squeeze } from '../parse/text/squeeze.ts';
import { learnAgency, type ReadSample } from './learn.ts';
import { marksOf, type SampleLine } from './sample.ts';

/** Samples past this many of one source teach nothing new and take time. */
const SAMPLES_MAX = 30;
const ID_CHARS_MAX = 48;
const HASH_CHARS = 8;
/** The source of lines that name none. */
const UNNAMED = 'unnamed';

/** One profile for each source of the lines, in the order of their first lines. */
export function learnProfiles(lines: readonly SampleLine[]): Profile[] {
  const bySource = Map.groupBy(lines, (line) => line.source || UNNAMED);
  return [...bySource].map(([source, samples]) => profileOf(source, samples));
}

function profileOf(source: string, lines: readonly SampleLine[]): Profile {
  const replace = fillersOf(lines);
  const samples = lines.slice(0, SAMPLES_MAX).map((line) => readSample(line, { replace }));
  return {
    id: idOf(source),
    version: 1,
    sources: [source],
    ...(replace.length === 0 ? {} : { replace }),
    body: 'any',
    ...learnAgency(samples),
  };
}

function readSample(line: SampleLine, profile: Pick<Profile, 'replace'>): ReadSample {
  const { subject, body, fields } = line;
  const { text, fields: reader } = readPlain({ body, ...(subject == null ? {} : { subject }) });
  return { text: withReplaced(text, profile), reader, fields: marksOf(fields) };
}

const FILLERS = ['~', '_', '+'];

/** Characters that stand for a blank inside the marked values: `744~ELM~RD`. */
function fillersOf(lines: readonly SampleLine[]): NonNullable<Profile['replace']> {
  return FILLERS.filter((filler) => {
    const filled = lines.filter((line) => isFilled(line, filler));
    return filled.length * 2 > lines.length;
  }).map((filler) => [filler, ' ']);
}

function isFilled({ body, fields }: SampleLine, filler: string): boolean {
  const text = squeeze(body.toLowerCase());
  if (!text.includes(filler)) return false;
  const plain = squeeze(text.replaceAll(filler, ' '));
  return [fields.address, fields.nature].some((value) => {
    const wanted = typeof value === 'string' ? squeeze(value.toLowerCase()) : '';
    return wanted.includes(' ') && !text.includes(wanted) && plain.includes(wanted);
  });
}

/** Readable, and no two sources have the same. */
function idOf(source: string): string {
  const name = source
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, ID_CHARS_MAX);
  const hash = createHash('sha256').update(source).digest('hex').slice(0, HASH_CHARS);
  return `learned-${name}-${hash}`;
}
