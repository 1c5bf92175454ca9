import { z } from 'zod';
import { cadFieldKey } from './cad-fields.ts';

/**
 * What a few labelled samples taught about one agency's pages: data beside the cut of a profile.
 * For each field it keeps competing anchors of where values begin and end, each with a weight: the
 * logarithm of how much more often the anchor stands at a value's border than anywhere else.
 */

/**
 * Kinds of anchors. `text`: the literal neighbours outside the value; `line`: the number of the line
 * from the top or the bottom; `piece`: the number among the pieces between a mark, from the left or
 * the right; `cell`: the same inside one line; `shape`: how the neighbouring words are built;
 * `begins` and `behind`: what known or typed value starts or ends here; `gap`: how many blanks stand
 * there, two for more; `case`: capitals and small letters on both sides.
 */
export const families = [
  'text',
  'line',
  'piece',
  'cell',
  'shape',
  'begins',
  'behind',
  'gap',
  'case',
] as const;
export type Family = (typeof families)[number];

const family = z.enum(families);
const weight = z.number().min(-20).max(20);

const border = z.strictObject({
  anchors: z.array(z.strictObject({ by: family, is: z.string().min(1).max(160), weight })).max(120),
  /** What it costs when no anchor of the kind is there. */
  misses: z.partialRecord(family, weight),
});
export type Border = z.infer<typeof border>;

const place = z.strictObject({
  /** Share of the samples that have the field. */
  share: z.number().min(0).max(1),
  starts: border,
  ends: border,
  /** How the values are built: `A9` is letters and digits. */
  shapes: z.array(z.string().min(1).max(40)).max(20),
  /** Longest value in words and marks. */
  tokensMax: z.number().int().positive().max(2_000),
  /** Values go over several lines. */
  lines: z.boolean().optional(),
  /** Two blanks or more stand at a border of most values, and inside none. */
  narrow: z.boolean().optional(),
  /**
   * Addresses are written as on the page, as the address grammar writes them, or as it does without
   * the apartment and town that some pages have behind the street.
   */
  written: z.enum(['page', 'grammar', 'parts']).optional(),
  /** Share of the addresses that the grammar knows by a house number, a crossing or a marker. */
  firm: z.number().min(0).max(1).optional(),
  /** 0..1: how often these anchors found a sample that they were not learned from. */
  trust: z.number().min(0).max(1),
  /** 0..1: how often the reader that knows nothing of the agency found it. */
  readerTrust: z.number().min(0).max(1),
});
export type Place = z.infer<typeof place>;

export const learned = z.strictObject({
  samples: z.number().int().positive().max(10_000),
  /** Labels of the agency, their words and marks parted by one blank: `cross streets :`. */
  labels: z.array(z.string().min(1).max(80)).max(200),
  fields: z.partialRecord(cadFieldKey, place),
  /**
   * Which field stands next behind which (`^` is the beginning of the page), and how many words that
   * belong to no field or label stood between them at the most.
   */
  follows: z
    .array(
      z.strictObject({
        first: z.string().min(1).max(20),
        next: cadFieldKey,
        weight,
        words: z.number().int().min(0).max(10_000),
      }),
    )
    .max(400),
});
export type Learned = z.infer<typeof learned>;
