import { z } from 'zod';
import { learned } from './cad-learned.ts';
import { type Target, targets } from './cad-targets.ts';
import { timeZone } from './primitives.ts';

/**
 * How to know one product's or agency's mail, how to cut it, and what each piece means: data, so
 * that a department can make, try and keep its own. Nothing in it is a regular expression: what is
 * searched is `like` text, matched in one pass.
 */

const like = z.string().min(1).max(200).meta({
  description:
    'Text to look for, case ignored: * anything, % digits, @ letters, & a word, a blank any white space, ^ in front the beginning, $ behind the end; a backslash takes the next character as it is.',
});

const test = z.strictObject({
  in: z.enum(['subject', 'body', 'from', 'prefix']),
  like,
  absent: z.boolean().optional().meta({ description: 'The text must not be there.' }),
});
export type Test = z.infer<typeof test>;

/** A mark between two pieces that stand in a fixed order. */
export interface Mark {
  readonly mark: string;
  /** The last one counts, not the first: `NATURE: note at home at 12 MILL RD`. */
  readonly last?: boolean | undefined;
}

/** `Label: value`, in any order; a label may have several meanings, the value decides. */
export interface LabelCut {
  readonly labels: Readonly<Record<string, Cut | readonly Target[]>>;
  /** The text before the first label. */
  readonly lead?: Cut | undefined;
  /** Text without a label behind the first one. */
  readonly loose?: Cut | undefined;
  /** Labels may follow a value without a blank between. */
  readonly glued?: boolean | undefined;
  /** Only these labels; else the general dictionary knows more. */
  readonly only?: boolean | undefined;
  /** A dash behind a label parts it from its value as a colon does: `Call Time- 04:05`. */
  readonly dashed?: boolean | undefined;
  /** Labels begin a line and have nothing but a blank behind them: `LOCATION 12 MILL RD`. */
  readonly bare?: boolean | undefined;
}

/** Pieces between marks, by their position. */
export interface SplitCut {
  readonly split: string | readonly string[];
  readonly parts: readonly Cut[];
  /** What stands behind the last part, joined again. */
  readonly rest?: Cut | undefined;
  readonly dropEmpty?: boolean | undefined;
}

/** Pieces in a fixed order in running text: found by marks, and by what their values look like. */
export interface SlotCut {
  readonly slots: readonly (Cut | Mark)[];
}

/** Pieces between marks in any order and number: each value's own type decides. */
export interface FragmentCut {
  readonly fragments: string;
}

/** The first case whose text is there. */
export interface CaseCut {
  readonly cases: readonly { readonly like: string; readonly cut: Cut }[];
  readonly other: Cut;
}

/** How a text is cut into pieces, and what each of them means; a target alone takes the whole. */
export type Cut = Target | LabelCut | SplitCut | SlotCut | FragmentCut | CaseCut;

const target = z.enum(targets);
const mark = z.strictObject({ mark: z.string().min(1).max(60), last: z.boolean().optional() });
const LABELS_MAX = 200;
const PARTS_MAX = 60;

export const cut: z.ZodType<Cut> = z.lazy(() =>
  z.union([
    target,
    z.strictObject({
      labels: z
        .record(z.string().min(1).max(48), z.union([cut, z.array(target).min(1).max(6)]))
        .refine((labels) => Object.keys(labels).length <= LABELS_MAX, {
          error: `must hold at most ${LABELS_MAX} labels`,
        }),
      lead: cut.optional(),
      loose: cut.optional(),
      glued: z.boolean().optional(),
      only: z.boolean().optional(),
      dashed: z.boolean().optional(),
      bare: z.boolean().optional(),
    }),
    z.strictObject({
      split: z.union([
        z.string().min(1).max(20),
        z.array(z.string().min(1).max(20)).min(1).max(10),
      ]),
      parts: z.array(cut).min(1).max(PARTS_MAX),
      rest: cut.optional(),
      dropEmpty: z.boolean().optional(),
    }),
    z.strictObject({
      slots: z
        .array(z.union([mark, cut]))
        .min(1)
        .max(PARTS_MAX),
    }),
    z.strictObject({ fragments: z.string().min(1).max(20) }),
    z.strictObject({
      cases: z.array(z.strictObject({ like, cut })).min(1).max(20),
      other: cut,
    }),
  ]),
);

const table = z.record(z.string().min(1).max(60), z.string().min(1).max(200));

export const profile = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,80}$/, {
    error: 'must be 1 to 80 lower-case letters, digits or hyphens',
  }),
  version: z.number().int().positive(),
  sources: z.array(z.string().min(1).max(200)).max(1_000).optional().meta({
    description:
      'Of a file for the command line: sources of input lines for which this profile is tried first.',
  }),
  detect: z.array(z.array(test).min(1).max(10)).max(20).optional().meta({
    description:
      "The mail is this product's when every test of one group passes. Absent: by `sources` alone.",
  }),
  replace: z
    .array(z.tuple([z.string().min(1).max(10), z.string().max(10)]))
    .max(10)
    .optional()
    .meta({ description: 'Characters that stand for others all over the page: `~` for a blank.' }),
  brokenWords: z.literal(true).optional().meta({
    description:
      'A wrap at a fixed column may leave a blank inside a word: it is taken out where the whole is a known town, the suffix of a street or a number.',
  }),
  subject: cut
    .optional()
    .meta({ description: 'How the subject is cut, and what its pieces mean.' }),
  body: cut.meta({
    description:
      'How the text is cut: labels in any order, split by marks, slots in a fixed order, fragments known by their type, cases by what is there; or one target for the whole.',
  }),
  kinds: z
    .strictObject({
      times: z.array(test).max(10).optional(),
      update: z.array(test).max(10).optional(),
      other: z.array(test).max(10).optional(),
    })
    .optional()
    .meta({
      description:
        'What the page does besides dispatching, where the product says it in its own way.',
    }),
  known: z
    .strictObject({
      city: z.array(z.string().min(1).max(100)).max(2_000).optional(),
      nature: z.array(z.string().min(1).max(200)).max(2_000).optional(),
    })
    .optional()
    .meta({
      description: 'Towns and call types that occur: they tell where an address or a nature ends.',
    }),
  tables: z
    .strictObject({
      city: table.optional(),
      nature: table.optional(),
      units: table.optional(),
      source: table.optional(),
    })
    .optional()
    .meta({ description: 'Code tables of the centre, applied after the cut: `FRV` is Fairvale.' }),
  learned: learned
    .optional()
    .meta({ description: 'What labelled samples taught; it is asked before the cut.' }),
  certain: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: '0..1: how surely the cut is right.' }),
  timeZone: timeZone.optional().meta({ description: "IANA zone of the centre's clock." }),
});
export type Profile = z.infer<typeof profile>;
